"""Grants that cannot be had, extended, ended or put back."""

from datetime import timedelta
from typing import Literal

from bot.domain.refusals.base import Refusal, RefusalWithStep
from bot.domain.typed_text import Typed


class NoSuchGrant(Refusal):
    """There is none of that number."""

    code: Literal["no_such_grant"] = "no_such_grant"
    number: int


class NoUnendedGrant(Refusal):
    """There is none of that number that has not ended."""

    code: Literal["no_unended_grant"] = "no_unended_grant"
    number: int


class Ended(RefusalWithStep):
    """A grant that has ended."""

    code: Literal["ended"] = "ended"
    number: int


class NothingToExtend(Refusal):
    """An extension of a grant that has ended since."""

    code: Literal["nothing_to_extend"] = "nothing_to_extend"
    number: int


class GrantedAlready(RefusalWithStep):
    """Access from that source is there; `more` can be asked for, None: `longest` is reached."""

    code: Literal["granted_already"] = "granted_already"
    cluster: str
    source: Typed
    number: int
    more: timedelta | None
    longest: timedelta


class TooManyGrants(RefusalWithStep):
    """As much access as one person may have; one of these numbers can be given up."""

    code: Literal["too_many_grants"] = "too_many_grants"
    cluster: str
    live: int
    pending: int
    first_live: int | None
    first_pending: int | None


class GrantRenumbered(Refusal):
    """A press for a grant of an earlier database."""

    code: Literal["grant_renumbered"] = "grant_renumbered"
    number: int


class Recovered(Refusal):
    """A grant that was recovered, so that nobody is known to have approved it."""

    code: Literal["recovered"] = "recovered"
    number: int


class NotRemovedOutside(Refusal):
    """A grant whose rule nobody took away."""

    code: Literal["not_removed_outside"] = "not_removed_outside"
    number: int


class TimeIsOver(Refusal):
    """A grant past the time that it was approved for."""

    code: Literal["time_is_over"] = "time_is_over"
    number: int


class PutBackAlready(Refusal):
    """A grant that goes on as *put_back_as*."""

    code: Literal["put_back_already"] = "put_back_already"
    number: int
    put_back_as: int


class StillGranted(Refusal):
    """Access from there is live, as *number*."""

    code: Literal["still_granted"] = "still_granted"
    number: int
    left: timedelta


class RevokedSince(Refusal):
    """Access to the cluster was revoked after the grant was approved."""

    code: Literal["revoked_since"] = "revoked_since"
    cluster: str
    revoked: int
    number: int


class RuleNotTaken(Refusal):
    """DigitalOcean does not take its rule; `said` are the API's words."""

    code: Literal["rule_not_taken"] = "rule_not_taken"
    said: str


GrantRefusal = (
    NoSuchGrant
    | NoUnendedGrant
    | Ended
    | NothingToExtend
    | GrantedAlready
    | TooManyGrants
    | GrantRenumbered
    | Recovered
    | NotRemovedOutside
    | TimeIsOver
    | PutBackAlready
    | StillGranted
    | RevokedSince
    | RuleNotTaken
)
