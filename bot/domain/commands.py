"""Commands: what a person wants done, in plain values; whether they may is checked later.

A command that needs Slack's directory is saved as a row, so each can be serialised.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from bot.domain.lifecycle import Verdict
from bot.domain.sources import TrustedSource


class _Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Container(_Command):
    """Where a button was, according to Slack: a message, the Home tab, or neither."""

    channel: str = ""
    ts: str = ""
    is_home: bool = False

    @property
    def stays(self) -> bool:
        """Whether what was pressed is still to be seen afterwards, so that it can be changed."""
        return self.is_home or bool(self.ts)


class RequestAccess(_Command):
    """`request`: a source trusted on a cluster for a while, and never beyond `until`."""

    kind: Literal["request_access"] = "request_access"
    cluster: str
    source: TrustedSource
    duration: timedelta
    until: AwareDatetime | None = None
    reason: str = ""


class BreakGlass(_Command):
    """`emergency`: as `RequestAccess`; granted at once by written policy, reviewed afterwards."""

    kind: Literal["break_glass"] = "break_glass"
    cluster: str
    source: TrustedSource
    duration: timedelta
    until: AwareDatetime | None = None
    reason: str


class Review(_Command):
    """A press on `Reviewed`: an approver has looked into an emergency; the rest as in Decide."""

    kind: Literal["review"] = "review"
    request_id: int
    mark: str = ""
    container: Container = Container()


class Adopt(_Command):
    """`adopt`: an expiry for a rule that somebody added by hand."""

    kind: Literal["adopt"] = "adopt"
    cluster: str
    source: TrustedSource
    duration: timedelta
    until: AwareDatetime | None = None
    reason: str = ""


class Decide(_Command):
    """A press on `Approve`, or a `Deny` with its reason; `at_most`: approved for less time.

    `comment` is an approver's message to the requester. `mark` is that of the request that was
    shown, `container` where the button stood.
    """

    kind: Literal["decide"] = "decide"
    request_id: int
    verdict: Verdict
    reason: str = ""
    comment: str = ""
    at_most: timedelta | None = None
    mark: str = ""
    container: Container = Container()


class Extend(_Command):
    """`extend`: a grant's end `duration` later, or `until` then; both None: the usual duration.

    `mark` is that of the grant that was shown, for a press; None for what was typed.
    """

    kind: Literal["extend"] = "extend"
    grant_id: int
    duration: timedelta | None = None
    until: AwareDatetime | None = None
    reason: str = ""
    mark: str | None = None


class Revoke(_Command):
    """`revoke`: a grant ended now; `mark` as in Extend, `container` as in Decide."""

    kind: Literal["revoke"] = "revoke"
    grant_id: int
    mark: str | None = None
    container: Container = Container()


class Keep(_Command):
    """A press on `Keep`: whoever was asked whether they are done is not; `mark` as in Extend."""

    kind: Literal["keep"] = "keep"
    grant_id: int
    mark: str = ""


class PutBack(_Command):
    """A press on `Put it back`: a grant whose rule somebody took away, for what is left of it."""

    kind: Literal["put_back"] = "put_back"
    grant_id: int
    mark: str = ""


class Cancel(_Command):
    """`cancel`: an undecided request withdrawn; `mark`: that of the request, as in Extend.

    `container` as in Decide.
    """

    kind: Literal["cancel"] = "cancel"
    request_id: int
    mark: str | None = None
    container: Container = Container()


Command = Annotated[
    RequestAccess
    | BreakGlass
    | Review
    | Adopt
    | Decide
    | Extend
    | Revoke
    | Keep
    | PutBack
    | Cancel,
    Field(discriminator="kind"),
]
COMMAND: TypeAdapter[Command] = TypeAdapter(Command, config=ConfigDict(defer_build=True))
