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
    """The calls of the API that remain are kept; `said` tells until when."""

    code: Literal["calls_spent"] = "calls_spent"
    said: str


class SourcesNotTold(Refusal):
    """DigitalOcean did not tell a cluster's rules; `said` is why."""

    code: Literal["sources_not_told"] = "sources_not_told"
    cluster: str
    said: str


class ConnectionNotTold(Refusal):
    """DigitalOcean did not tell how to reach a cluster; `said` is why."""

    code: Literal["connection_not_told"] = "connection_not_told"
    cluster: str
    said: str


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
    | SourcesNotTold
    | ConnectionNotTold
    | LinksUnused
    | NothingToPick
    | WentWrong
)
