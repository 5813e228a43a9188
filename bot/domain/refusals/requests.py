"""Requests that cannot be made, decided or cancelled."""

from datetime import timedelta
from typing import Literal

from bot.domain.refusals.base import Refusal, RefusalWithStep
from bot.domain.typed_text import Typed


class NoSuchRequest(Refusal):
    """There is none of that number; `is_own`: they meant one of theirs."""

    code: Literal["no_such_request"] = "no_such_request"
    number: int
    is_own: bool = False


class DecidedAlready(Refusal):
    """A decision on what does not wait for one; `state` is a request's."""

    code: Literal["decided_already"] = "decided_already"
    number: int
    state: str


class NotToWithdraw(RefusalWithStep):
    """A request that was decided; `access`: the number of the live grant that came of it.

    The mark is that of the grant, if there is one, else of the request.
    """

    code: Literal["not_to_withdraw"] = "not_to_withdraw"
    number: int
    state: str
    access: int | None


class StillARequest(RefusalWithStep):
    """A grant was meant, and it waits for a decision."""

    code: Literal["still_a_request"] = "still_a_request"
    number: int


class ApprovedByThem(Refusal):
    """A second approval by the same approver."""

    code: Literal["approved_by_them"] = "approved_by_them"
    number: int
    needed: int


class AdoptionNotShortened(Refusal):
    """An expiry that would come sooner than the approvers before agreed to."""

    code: Literal["adoption_not_shortened"] = "adoption_not_shortened"


class LongerThanAsked(Refusal):
    """An approval for longer than the *asked* duration."""

    code: Literal["longer_than_asked"] = "longer_than_asked"
    number: int
    asked: timedelta


class AskedAlready(RefusalWithStep):
    """The same access is asked for already, as *number*, for *duration*.

    `is_same`: for as long and with the same reason, too.
    """

    code: Literal["asked_already"] = "asked_already"
    number: int
    duration: timedelta
    is_same: bool


class ExtensionWaits(RefusalWithStep):
    """An extension of the grant *number* waits already, as *waiting*."""

    code: Literal["extension_waits"] = "extension_waits"
    number: int
    waiting: int


class AdoptionWaits(RefusalWithStep):
    """An expiry of that rule waits already, as *number*."""

    code: Literal["adoption_waits"] = "adoption_waits"
    source: Typed
    number: int


class TooManyRequests(RefusalWithStep):
    """As many undecided requests as one person may have; `first` is one of them."""

    code: Literal["too_many_requests"] = "too_many_requests"
    count: int
    first: int


class RequestRenumbered(Refusal):
    """A press for a request of an earlier database."""

    code: Literal["request_renumbered"] = "request_renumbered"
    number: int


class CardNotPosted(Refusal):
    """A decision while the request's card could not be posted."""

    code: Literal["card_not_posted"] = "card_not_posted"
    number: int


class NotOnCard(Refusal):
    """A decision anywhere but on the request's card, which is in *channel*."""

    code: Literal["not_on_card"] = "not_on_card"
    number: int
    channel: str


class CardNotConfirmed(Refusal):
    """A decision on a card that Slack has not confirmed yet."""

    code: Literal["card_not_confirmed"] = "card_not_confirmed"


class NoEmergency(Refusal):
    """A review of what was no emergency."""

    code: Literal["no_emergency"] = "no_emergency"
    number: int


class ReviewedAlready(Refusal):
    """A review of what was reviewed."""

    code: Literal["reviewed_already"] = "reviewed_already"
    number: int


RequestRefusal = (
    NoSuchRequest
    | DecidedAlready
    | NotToWithdraw
    | StillARequest
    | ApprovedByThem
    | AdoptionNotShortened
    | LongerThanAsked
    | AskedAlready
    | ExtensionWaits
    | AdoptionWaits
    | TooManyRequests
    | RequestRenumbered
    | CardNotPosted
    | NotOnCard
    | CardNotConfirmed
    | NoEmergency
    | ReviewedAlready
)
