"""PostgreSQL: sessions as pg_stat_activity shows them, ended by pg_terminate_backend.

Without pg_read_all_stats a role sees no address of anybody else's session, as if there were none:
so whoever looks asks first whether the login has it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg

from bot.domain.addresses import Network
from bot.domain.sessions import DatabaseSession, SessionRights
from bot.sessions.base import LOOK_SECONDS, MayNotEnd, ServerAway, Sessions
from bot.store.timeouts import TimedConnection

_STATEMENT_MS = 4000  # the server gives up before we do
_RIGHTS: LiteralString = (
    "SELECT current_user, rolsuper, pg_has_role(current_user, 'pg_signal_backend', 'USAGE'), "
    "pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'), pg_backend_pid() "
    "FROM pg_roles WHERE rolname = current_user"
)
_OF: LiteralString = (
    "SELECT a.pid, a.backend_start, coalesce(a.usename, ''), coalesce(a.application_name, ''), "
    "coalesce(a.datname, ''), host(a.client_addr), coalesce(r.rolsuper, false) "
    "FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid "
    "WHERE a.backend_type = 'client backend' AND a.client_addr <<= %s::inet "
    "AND a.pid <> pg_backend_pid() ORDER BY a.backend_start, a.pid"
)
_END: LiteralString = (  # a pid alone may be another session's by now
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE pid = %s AND backend_start = %s AND pid <> pg_backend_pid()"
)


class _Connection(TimedConnection):
    answer_seconds = LOOK_SECONDS


class PostgresSessions(Sessions):
    """The sessions of one server."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def limit_statements(self) -> None:
        """Have the server give up what takes too long."""
        self._ask("SELECT set_config('statement_timeout', %s, false)", str(_STATEMENT_MS))

    def rights(self) -> SessionRights:
        """Return what the login may do."""
        [(user, is_superuser, may_end, may_see, process)] = self._ask(_RIGHTS)
        # When a client connects, a pool names it a process of its own making.
        is_pooled = process != self._connection.info.backend_pid
        return SessionRights(user, is_superuser, may_end, may_see, is_pooled)

    def of(self, network: Network) -> Sequence[DatabaseSession]:
        """Return the sessions of clients that come from there, but for this one."""
        rights = self.rights()
        if not (rights.may_see and rights.may_end):
            role = "pg_signal_backend" if rights.may_see else "pg_read_all_stats"
            raise MayNotEnd(f"the login {rights.user} is not a member of {role}")
        return [DatabaseSession(*row) for row in self._ask(_OF, str(network))]

    def end(self, session: DatabaseSession) -> bool:
        """Have a session end, if it is still there; False if only a superuser may end it."""
        try:
            self._ask(_END, session.pid, session.since)
        except MayNotEnd:
            if session.is_superuser:
                return False
            raise MayNotEnd(f"the login may not end sessions of {session.user}") from None
        return True

    def _ask(self, query: LiteralString, *values: object) -> list[Any]:
        try:
            return self._connection.execute(query, values).fetchall()
        except psycopg.errors.InsufficientPrivilege as error:
            raise MayNotEnd(_shown(error)) from None
        except psycopg.Error as error:
            raise ServerAway(_shown(error)) from None


@contextmanager
def connect(url: str) -> Iterator[PostgresSessions]:
    """Connect by a login, `postgresql://…`, until the block ends.

    Raises:
        ServerAway: it cannot be reached in time, or does not take the login.
    """
    try:
        connection = _Connection.connect(
            url, connect_timeout=round(LOOK_SECONDS), application_name="dbaccess", autocommit=True
        )
    except psycopg.Error as error:
        raise ServerAway(_shown(error)) from None
    try:
        sessions = PostgresSessions(connection)
        sessions.limit_statements()
        yield sessions
    finally:
        connection.close()


def _shown(error: psycopg.Error) -> str:
    """Return what the driver said in one line; it repeats neither URL nor password (P8)."""
    said = " ".join(str(error).split()) or type(error).__name__
    return said.removeprefix("connection failed: ").rstrip(".")
