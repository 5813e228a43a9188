"""The documents of the API: what machines send, and what they get."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.domain.lifecycle import EndReason, GrantState
from bot.domain.limits import DURATION_CHARACTERS, REASON_CHARACTERS, SOURCE_CHARACTERS
from bot.domain.machine_access import MachineAccess
from bot.slack.messages.quoting import in_plain_text
from bot.slack.messages.refusals import sentence

CALLER = "caller"
_ALIAS_CHARACTERS = 32


class AccessRequest(BaseModel):
    """What a machine asks for."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
        defer_build=True,
        json_schema_extra={
            "examples": [
                {
                    "cluster": "orders",
                    "source": CALLER,
                    "duration": "20m",
                    "reason": "migrations of release 41",
                }
            ]
        },
    )

    cluster: Annotated[str, Field(min_length=1, max_length=_ALIAS_CHARACTERS)]
    """The cluster, by its name in dbaccess."""

    source: Annotated[str, Field(min_length=1, max_length=SOURCE_CHARACTERS)]
    """The address that access is for, like `203.0.113.4`; `caller`: the one this comes from."""

    duration: Annotated[str, Field(min_length=1, max_length=DURATION_CHARACTERS)]
    """For how long, like `20m` or `1h30m`."""

    reason: Annotated[str, Field(max_length=REASON_CHARACTERS)] = ""
    """Why; some clusters require it."""


class Access(BaseModel):
    """Access as it stands. It is open while its state is `active`."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, defer_build=True)

    id: int
    """Its number, which people see in Slack, too."""

    state: GrantState
    """`applying`: about to open. `active`: open. `removing`: about to end. `ended`: over."""

    cluster: str
    """The cluster."""

    source: str
    """The address that is trusted."""

    approved_at: datetime
    """When the written policy approved."""

    expires_at: datetime
    """When it ends, if nobody ends it before."""

    ended_at: datetime | None
    """When it ended; null until then."""

    end_reason: EndReason | None
    """Why it ends or ended: `revoked` is by people or by the machine itself."""

    why: str | None
    """Why it could not be opened, or was taken away, in words; null if nothing is known."""

    @classmethod
    def of(cls, access: MachineAccess) -> "Access":
        """Return access as a machine reads it."""
        return cls(
            id=access.id,
            state=access.state,
            cluster=access.cluster,
            source=str(access.source),
            approved_at=access.approved_at,
            expires_at=access.expires_at,
            ended_at=access.ended_at,
            end_reason=access.end_reason,
            why=sentence(access.why, in_plain_text, way=False) if access.why else None,
        )


class FieldProblem(BaseModel):
    """What is wrong with one part of a request."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, defer_build=True)

    pointer: str
    """Which part, like `#/duration` (RFC 6901)."""

    detail: str
    """What is wrong with it, and what would be right."""


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, defer_build=True)

    type: str = "about:blank"
    """What kind of problem it is, for programs; `about:blank` where the status says it all."""

    title: str
    """The kind of problem, for people."""

    status: int
    """The HTTP status."""

    detail: str | None = None
    """What is wrong this time, and what would help."""

    errors: tuple[FieldProblem, ...] = ()
    """What is wrong with the parts of a request, all of it at once."""
