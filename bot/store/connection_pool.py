"""Whether a connection keeps its session: behind some connection pools it does not.

PgBouncer in transaction or statement mode (DigitalOcean's connection pools) lends a session for one
transaction. A lock taken there stays behind in a session that somebody else gets next, and NOTIFY
arrives where nobody listens. All else works, so nothing fails: two workers just write at once.
"""

import re
import secrets
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import OperationalError

from bot.faults import Fault
from bot.store.database import Database

if TYPE_CHECKING:
    from bot.store.timeouts import TimedConnection

log = structlog.get_logger()

_OTHERS = 4  # connections that hold a session each, so that a pool runs out of the first one's
_LOOKS = 50  # at the first one's session in the end, while the others hold theirs
_NO_TRANSACTIONS = "08P01"  # PgBouncer's answer to BEGIN in statement mode, among others
_NO_ROOM = re.compile("too many (clients|connections)|connection slots")  # while connecting
_LOCK = "SELECT pg_try_advisory_lock(%s)"
_SESSION = "SELECT pg_backend_pid()"


class SessionsShared(Fault):
    """The database's connections share their sessions, so locks and wake-ups do not work."""


def refuse_shared_sessions(database: Database) -> None:
    """Refuse a database whose connections do not keep their session each.

    Raises:
        SessionsShared: it is reached through a connection pool in transaction or statement mode.
        OperationalError: it cannot be reached.
    """
    if database.is_sqlite:
        return
    import psycopg

    try:
        if not _shares_sessions(database):
            return
    except psycopg.Error as error:
        raise OperationalError(_SESSION, None, error) from error
    raise SessionsShared(
        "database: DATABASE_URL leads to a connection pool in transaction mode, where no lock "
        "holds: use the cluster's direct connection, not a connection pool in transaction mode"
    )


def _shares_sessions(database: Database) -> bool:
    """Tell whether a session is seen to change hands.

    A connection takes a lock, which also moves poolers that pin a session to do so. Others hold a
    transaction open, one more each time: a pool gives them the first one's session, or, where it
    has more of them, has to take another for the first one soon. Without such a pool, no two open
    connections ever have the same session.
    """
    import psycopg

    with ExitStack() as opened:

        def connect() -> "TimedConnection":
            connection = opened.enter_context(closing(database.connect_alone()))
            connection.prepare_threshold = None  # what one session prepares, the next lacks
            return connection

        first = connect()
        first.execute(_LOCK, [secrets.randbits(62)])  # gone with its session
        session = _session_of(first)
        try:
            for _ in range(_OTHERS):
                other = connect()
                if not _begins(other) or _session_of(other) == session:
                    return True
                if _session_of(first) != session:
                    return True
            # Others who use the pool may take the same sessions as before for a moment, but not on.
            return any(_session_of(first) != session for _ in range(_LOOKS))
        except psycopg.OperationalError as error:
            if not _NO_ROOM.search(str(error)):
                raise
            log.warning("connection pool not ruled out", error="too few connections are left")
    return False


def _session_of(connection: "TimedConnection") -> int:
    row = connection.execute(_SESSION).fetchone()
    return int(row[0]) if row else 0


def _begins(connection: "TimedConnection") -> bool:
    """Begin a transaction; return False where a pool in statement mode takes none."""
    import psycopg

    _session_of(connection)
    try:
        connection.execute("BEGIN")
    except psycopg.OperationalError as error:
        if error.sqlstate != _NO_TRANSACTIONS:
            raise
        return False
    return True
