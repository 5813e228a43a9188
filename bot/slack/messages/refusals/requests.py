"""Why a request cannot be made, decided or cancelled, in words."""

from typing import assert_never

from bot.domain.durations import show_duration
from bot.domain.lifecycle import RequestState
from bot.domain.refusals.requests import (
    AdoptionNotShortened,
    AdoptionWaits,
    ApprovedByThem,
    AskedAlready,
    CardNotConfirmed,
    CardNotPosted,
    DecidedAlready,
    ExtensionWaits,
    LongerThanAsked,
    NoEmergency,
    NoSuchRequest,
    NotOnCard,
    NotToWithdraw,
    RequestRefusal,
    RequestRenumbered,
    ReviewedAlready,
    StillARequest,
    TooManyRequests,
)
from bot.slack.messages.facts import counted
from bot.slack.messages.quoting import Quoting

_STATES = {
    RequestState.PENDING: "is still waiting for a decision",
    RequestState.APPROVED: "was already approved",
    RequestState.DENIED: "was already denied",
    RequestState.CANCELLED: "was already cancelled",
    RequestState.LAPSED: "has expired",
}


def of_request(refusal: RequestRefusal, code: Quoting) -> str:  # noqa: C901  # a case for each
    """Return why a request cannot be made, decided or cancelled."""
    match refusal:
        case NoSuchRequest(number=number, is_own=is_own):
            yours = f" {code('/dbaccess list')} shows yours." if is_own else ""
            return f"There is no request #{number}.{yours}"
        case DecidedAlready(number=number, state=state):
            return f"{_stands(number, state)} Nothing was changed."
        case NotToWithdraw(number=number, state=state, has_access=has_access):
            end = f" To end access: {code(f'/dbaccess revoke {number}')}." if has_access else ""
            return f"{_stands(number, state)}{end}"
        case StillARequest(number=number):
            return f"{_stands(number, RequestState.PENDING)} {_cancel(number, code)}"
        case ApprovedByThem(number=number, needed=needed):
            return f"You already approved request #{number}. It needs {needed} approvers."
        case AdoptionNotShortened():
            return "An expiry can't be shortened. Approve it as requested, or deny it."
        case LongerThanAsked(number=number, asked=asked):
            return f"Request #{number} is for {code(show_duration(asked))}. Choose that or less."
        case AskedAlready(number=number):
            return f"You already sent this as request #{number}. {_cancel(number, code)}"
        case ExtensionWaits(number=number, waiting=waiting):
            return (
                f"More time for access #{number} is already requested: #{waiting}. "
                f"{_cancel(waiting, code)}"
            )
        case AdoptionWaits(source=source, number=number):
            return (
                f"An expiry of {code(source)} is already requested: #{number}. "
                f"{_cancel(number, code)}"
            )
        case TooManyRequests(count=count, first=first):
            return (
                f"You have {counted(count, 'waiting request')}, the maximum. {_cancel(first, code)}"
            )
        case RequestRenumbered(number=number):
            return (
                f"That message is too old: request #{number} is another one now. "
                "Nothing was changed."
            )
        case CardNotPosted(number=number):
            return (
                f"Nothing was changed. Request #{number} has no card: decide in the Home tab of "
                "dbaccess."
            )
        case NotOnCard(number=number):
            return f"Use the buttons on the card of request #{number}. Nothing was changed."
        case CardNotConfirmed():
            return (
                "Slack hasn't confirmed that card yet. Nothing was changed. Try again in a minute."
            )
        case NoEmergency(number=number):
            return f"Access #{number} wasn't emergency access. There is nothing to review."
        case ReviewedAlready(number=number):
            return f"Emergency access #{number} was already reviewed. Nothing was changed."
    assert_never(refusal)


def _stands(number: int, state: str) -> str:
    return f"Request #{number} {_STATES[RequestState(state)]}."


def _cancel(number: int, code: Quoting) -> str:
    return f"Cancel: {code(f'/dbaccess cancel {number}')}."
