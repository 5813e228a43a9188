"""Sessions of a database: who is connected to it, and which login may end that (P9)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import StringConstraints, field_validator

from bot.domain.policy_types import Duration, PolicyModel

PREFIX = "DBACCESS_SESSIONS_"
"""How each variable with such a login begins: it is a secret whatever the policy says (P8)."""

SHORTEST_IDLE = timedelta(minutes=5)


class SessionPolicy(PolicyModel):
    """By which login sessions are ended when access ends; for PostgreSQL."""

    url_env: Annotated[str, StringConstraints(pattern=f"^{PREFIX}[A-Z0-9_]*[A-Z0-9]$")]
    """The variable with its URL, postgresql://…; its name begins with DBACCESS_SESSIONS_."""

    idle: Duration | None = None
    """After so long without a connection, a holder is asked once whether they are done."""

    @field_validator("idle")
    @classmethod
    def _is_long_enough(cls, idle: timedelta | None) -> timedelta | None:
        if idle is not None and idle < SHORTEST_IDLE:
            raise ValueError("must be at least 5m: connections are looked for once a minute")
        return idle


@dataclass(frozen=True)
class DatabaseSession:
    """A session that somebody has open, as the server tells of it.

    `since` is when it began, aware UTC. These two name it: the rest may change while it is open.
    """

    pid: int
    since: datetime
    user: str = field(compare=False)
    application: str = field(compare=False)
    database: str = field(compare=False)
    address: str = field(compare=False)
    is_superuser: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class SessionRights:
    """What a login may do, as its server tells; see docs/setup/sessions.md.

    `is_pooled`: a connection pool stands between, so the server sees that one's address, and not
    those of its clients.
    """

    user: str
    is_superuser: bool
    may_end: bool
    may_see: bool
    is_pooled: bool = False
