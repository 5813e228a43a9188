"""Next steps: the button that does what a refusal would otherwise have one type."""

from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.refusals.grants import Ended, GrantedAlready, TooManyGrants
from bot.domain.refusals.requests import (
    AdoptionWaits,
    AskedAlready,
    ExtensionWaits,
    NotToWithdraw,
    StillARequest,
    TooManyRequests,
)
from bot.domain.refusals.sources import NoAddress
from bot.slack.messages.blocks import Block
from bot.slack.messages.buttons import Button, alone, my_ip


def next_step(refusal: AnyRefusal) -> Block | None:
    """Return the button that helps; None where there is none, or its mark is not known."""
    if isinstance(refusal, NoAddress):
        return my_ip() if refusal.can_find else None
    step = _step(refusal)
    return alone(*step) if step is not None and step[2] else None


def _step(refusal: AnyRefusal) -> tuple[Button, int, str] | None:
    """Return what to press, and the number and mark of the request or grant that it is for."""
    match refusal:
        case StillARequest() | AskedAlready() | AdoptionWaits():
            return Button.CANCEL, refusal.number, refusal.mark
        case ExtensionWaits():
            return Button.CANCEL, refusal.waiting, refusal.mark
        case TooManyRequests():
            return Button.CANCEL, refusal.first, refusal.mark
        case TooManyGrants(first_live=int(number)):
            return Button.REVOKE, number, refusal.mark
        case TooManyGrants(first_pending=int(number)):
            return Button.CANCEL, number, refusal.mark
        case GrantedAlready() if refusal.more is not None:
            return Button.EXTEND, refusal.number, refusal.mark
        case NotToWithdraw(access=int(number)):
            return Button.REVOKE, number, refusal.mark
        case NotToWithdraw() | Ended():
            return Button.ASK_AGAIN, refusal.number, refusal.mark
        case _:
            return None
