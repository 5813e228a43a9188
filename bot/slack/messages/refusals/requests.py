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


def of_request(  # noqa: C901  # a case for each
    refusal: RequestRefusal, code: Quoting, *, way: bool
) -> str:
    """Return why a request cannot be made, decided or cancelled; *way* as in `sentence`."""

    def cancel(number: int) -> str:
        return f" Cancel: {code(f'/dbaccess cancel {number}')}." if way else ""

    match refusal:
        case NoSuchRequest(number=number, is_own=is_own):
            yours = f" {code('/dbaccess list')} shows yours." if is_own else ""
            return f"There is no request #{number}.{yours}"
        case DecidedAlready(number=number, state=state):
            return f"{_stands(number, state)} Nothing was changed."
        case NotToWithdraw(number=number, state=state, access=access):
            end = f" To end access: {code(f'/dbaccess revoke {access}')}." if access and way else ""
            return f"{_stands(number, state)}{end}"
        case StillARequest(number=number):
            return f"{_stands(number, RequestState.PENDING)}{cancel(number)}"
        case ApprovedByThem(number=number, needed=needed):
            return f"You already approved request #{number}. It needs {needed} approvers."
        case AdoptionNotShortened():
            return "An expiry can't be shortened. Approve it as requested, or deny it."
        case LongerThanAsked(number=number, asked=asked):
            return f"Request #{number} is for {code(show_duration(asked))}. Choose that or less."
        case AskedAlready(number=number, is_same=True):
            return f"You already sent this as request #{number}.{cancel(number)}"
        case AskedAlready(number=number, duration=duration):
            change = "" if way else " Cancel it to change it."
            waits = f"Request #{number} is still waiting ({code(show_duration(duration))})."
            return f"{waits}{change}{cancel(number)}"
        case ExtensionWaits(number=number, waiting=waiting):
            return (
                f"More time for access #{number} is already requested: #{waiting}.{cancel(waiting)}"
            )
        case AdoptionWaits(source=source, number=number):
            return f"An expiry of {code(source)} is already requested: #{number}.{cancel(number)}"
        case TooManyRequests(count=count, first=first):
            waiting_requests = counted(count, "waiting request")
            named = cancel(first) if way else f" The first is #{first}."
            return f"You have {waiting_requests}, the maximum.{named}"
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
