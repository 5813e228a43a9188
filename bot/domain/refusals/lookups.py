"""Lookups that cannot be answered just now."""

from datetime import timedelta
from typing import Literal

from bot.domain.refusals.base import Refusal


class LookedUpTooOften(Refusal):
    """More lookups within a minute than the *most*; the next one in *seconds*."""

    code: Literal["looked_up_too_often"] = "looked_up_too_often"
    most: int
    seconds: int


class CallsSpent(Refusal):
    """The calls of the API that remain are kept; in *seconds* there are more."""

    code: Literal["calls_spent"] = "calls_spent"
    seconds: int


class NotLookedUp(Refusal):
    """DigitalOcean did not answer, or with an error: its HTTP *status*."""

    code: Literal["not_looked_up"] = "not_looked_up"
    status: int | None = None


class HostNotShown(Refusal):
    """A cluster has rules, and DigitalOcean knows nothing else of it, as of a read replica."""

    code: Literal["host_not_shown"] = "host_not_shown"
    cluster: str


class LinksUnused(Refusal):
    """As many unused address links as one person may have."""

    code: Literal["links_unused"] = "links_unused"
    most: int
    serves: timedelta


class NothingToPick(Refusal):
    """An option that only says why there are none; `example`: what to write instead."""

    code: Literal["nothing_to_pick"] = "nothing_to_pick"
    example: str


class WentWrong(Refusal):
    """A fault of ours, which the log has under that reference."""

    code: Literal["went_wrong"] = "went_wrong"
    reference: str


LookupRefusal = (
    LookedUpTooOften
    | CallsSpent
    | NotLookedUp
    | HostNotShown
    | LinksUnused
    | NothingToPick
    | WentWrong
)
