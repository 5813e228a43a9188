"""Wishes: what a person wants done, in plain values, before anybody asks whether they may.

A wish that needs Slack's directory before it can be carried out waits as a row; so each wish can
be written down and read back.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bot.domain.lifecycle import Verdict
from bot.domain.sources import TrustedSource


class _Wish(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AskFor(_Wish):
    """`request`: a source trusted on a cluster for a while."""

    kind: Literal["ask_for"] = "ask_for"
    cluster: str
    source: TrustedSource
    duration: timedelta
    reason: str = ""


class BreakGlass(_Wish):
    """`emergency`: as `AskFor`, granted at once by written policy and reviewed afterwards."""

    kind: Literal["break_glass"] = "break_glass"
    cluster: str
    source: TrustedSource
    duration: timedelta
    reason: str


class Review(_Wish):
    """A press on `Reviewed`: an approver has looked into an emergency; `made_at` as in Decide."""

    kind: Literal["review"] = "review"
    request_id: int
    made_at: int | None = None


class Adopt(_Wish):
    """`adopt`: an expiry for a rule that somebody added by hand."""

    kind: Literal["adopt"] = "adopt"
    cluster: str
    source: TrustedSource
    duration: timedelta
    reason: str = ""


class Decide(_Wish):
    """A press on `Approve`, or a `Deny` with its reason; `at_most`: approved for less time.

    `made_at` is when the request that was shown was made (whole seconds, Unix time), if known.
    """

    kind: Literal["decide"] = "decide"
    request_id: int
    verdict: Verdict
    reason: str = ""
    at_most: timedelta | None = None
    made_at: int | None = None


class Extend(_Wish):
    """`extend`: a grant's end `duration` later; None: by the cluster's usual duration."""

    kind: Literal["extend"] = "extend"
    grant_id: int
    duration: timedelta | None = None
    reason: str = ""


class Revoke(_Wish):
    """`revoke`: a grant ended now."""

    kind: Literal["revoke"] = "revoke"
    grant_id: int


class PutBack(_Wish):
    """A press on `Put it back`: a grant whose rule somebody took away, for what is left of it."""

    kind: Literal["put_back"] = "put_back"
    grant_id: int


class Cancel(_Wish):
    """`cancel`: an undecided request withdrawn; `made_at` as in Decide, for a press."""

    kind: Literal["cancel"] = "cancel"
    request_id: int
    made_at: int | None = None


Wish = Annotated[
    AskFor | BreakGlass | Review | Adopt | Decide | Extend | Revoke | PutBack | Cancel,
    Field(discriminator="kind"),
]
WISH: TypeAdapter[Wish] = TypeAdapter(Wish)
