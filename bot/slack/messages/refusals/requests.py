"""Why a request cannot be made, decided or withdrawn, in words."""

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
    RequestState.PENDING: "is still a request",
    RequestState.APPROVED: "was approved already",
    RequestState.DENIED: "was denied already",
    RequestState.CANCELLED: "was withdrawn already",
    RequestState.LAPSED: "has lapsed, nobody decided in time",
}


def of_request(refusal: RequestRefusal, code: Quoting) -> str:  # noqa: C901  # a case for each
    """Return why a request cannot be made, decided or withdrawn."""
    match refusal:
        case NoSuchRequest(number=number, is_own=is_own):
            yours = f" {code('/dbaccess list')} shows yours." if is_own else ""
            return f"There is no request #{number}.{yours}"
        case DecidedAlready(number=number, state=state):
            return f"{_stands(number, state)} Nothing was changed."
        case NotToWithdraw(number=number, state=state, has_access=has_access):
            end = f" {code(f'/dbaccess revoke {number}')} ends the access." if has_access else ""
            return f"{_stands(number, state)}{end}"
        case StillARequest(number=number):
            return f"{_stands(number, RequestState.PENDING)} {_withdraw(number, code)}"
        case ApprovedByThem(number=number, needed=needed):
            return f"You have approved #{number} already. It needs {needed} different approvers."
        case AdoptionNotShortened():
            return "An expiry can only be approved as it was asked for. Deny it to have another."
        case LongerThanAsked(number=number, asked=asked):
            return (
                f"#{number} is for {code(show_duration(asked))}; it cannot be approved for longer "
                "than that."
            )
        case AskedAlready(number=number):
            return (
                f"You have asked for this already: #{number} waits for approval. "
                f"{_withdraw(number, code)}"
            )
        case ExtensionWaits(number=number, waiting=waiting):
            return (
                f"#{number} has an extension that waits for approval already: #{waiting}. "
                f"{_withdraw(waiting, code)}"
            )
        case AdoptionWaits(source=source, number=number):
            return (
                f"An expiry of {code(source)} waits for approval already: #{number}. "
                f"{_withdraw(number, code)}"
            )
        case TooManyRequests(count=count, first=first):
            return (
                f"You have {counted(count, 'open request')}, the most for one person. Cancel one "
                f"with {code(f'/dbaccess cancel {first}')}, or wait for a decision."
            )
        case RequestRenumbered(number=number):
            return (
                f"That message is from before the numbers began anew: #{number} is another request "
                "by now. Nothing was changed. Who still needs it can ask again."
            )
        case CardNotPosted(number=number):
            return (
                f"That is not the card of #{number}, so nothing was changed. The card could not be "
                "posted; the Home tab of dbaccess has the same buttons."
            )
        case NotOnCard(number=number):
            return (
                f"That is not the card of #{number}, so nothing was changed. Use the buttons on "
                "its card."
            )
        case CardNotConfirmed():
            return (
                "Slack has not confirmed that card yet, so nothing was changed. Try again in a "
                "minute."
            )
        case NoEmergency(number=number):
            return f"#{number} was no emergency, so there is nothing to review."
        case ReviewedAlready(number=number):
            return f"#{number} was reviewed already. Nothing was changed."
    assert_never(refusal)


def _stands(number: int, state: str) -> str:
    return f"#{number} {_STATES[RequestState(state)]}."


def _withdraw(number: int, code: Quoting) -> str:
    return f"{code(f'/dbaccess cancel {number}')} withdraws it."
