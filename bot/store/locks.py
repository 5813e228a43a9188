"""One reconciler at a time for a cluster, across processes; the lock dies with its holder.

A holder that is frozen (a stopped process, a suspended machine) loses its lock, too: PostgreSQL
closes a lock's connection that has been silent for `STANDSTILL_SECONDS`. So a holder renews its
lock before each step, and acts on what it read for less time than that.
"""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bot.store.database import Database, dialect_of

STANDSTILL_SECONDS = 60
# Before PostgreSQL 14 there is no such setting: there, a frozen holder keeps its lock.
_SETTING = "'idle_session_timeout'"
_USUAL = f"current_setting({_SETTING}, true)"
_TRY = text(
    f"SELECT {_USUAL}, CASE WHEN {_USUAL} IS NOT NULL THEN set_config({_SETTING}, :after, false)"
    " END, pg_try_advisory_lock(:key)"
)
_HANG_UP_AS_USUAL = f"set_config({_SETTING}, :usual, false)"
_RELEASE = "pg_advisory_unlock(:key)"
_TAKEN = text(
    "SELECT classid::bigint << 32 | objid::bigint FROM pg_locks WHERE locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class WorksAlready(Exception):
    """Another process works on the same SQLite file, which is its argument."""


class Held(Protocol):
    """A lock that is held."""

    def renew(self) -> None:
        """Keep the lock.

        Raises:
            OperationalError: it is lost, and another process may hold it.
        """
        ...


class Locks(Protocol):
    """One holder at a time for each cluster."""

    def hold(self, cluster_id: str) -> AbstractContextManager[Held | None]:
        """Yield the lock and hold it until the block ends; None where somebody else has it."""
        ...


class ClusterLocks:
    """PostgreSQL: an advisory lock. SQLite: a lock file beside the database."""

    def __init__(
        self, database: Database, *, standstill_seconds: float = STANDSTILL_SECONDS
    ) -> None:
        self._database = database
        self._standstill_ms = round(standstill_seconds * 1000)
        self._here: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    @contextmanager
    def hold(self, cluster_id: str) -> Iterator[Held | None]:
        """Yield the lock and hold it until the block ends; None where somebody else has it."""
        with self._guard:
            here = self._here.setdefault(cluster_id, threading.Lock())
        if not here.acquire(blocking=False):
            yield None
            return
        with ExitStack() as held:
            held.callback(here.release)
            yield held.enter_context(self._across_processes(cluster_id))

    @contextmanager
    def _across_processes(self, cluster_id: str) -> Iterator[Held | None]:
        if not self._database.is_sqlite:
            with self._advisory(cluster_id) as held:
                yield held
            return
        file = Path(f"{self._database.url.database}.{cluster_id}.lock")
        try:
            with FileLock(file, timeout=0, mode=0o600):
                yield _FileHeld()
        except Timeout:
            yield None

    @contextmanager
    def _advisory(self, cluster_id: str) -> Iterator[Held | None]:
        """Take the lock, and have the server close the connection if it is silent meanwhile."""
        key = number(cluster_id)
        engine = self._database.engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            asked = {"key": key, "after": str(self._standstill_ms)}
            usual, _, is_held = connection.execute(_TRY, asked).one()
            ends = [_RELEASE] * is_held + [_HANG_UP_AS_USUAL] * (usual is not None)
            try:
                yield _AdvisoryHeld(connection) if is_held else None
            finally:
                if ends:
                    _end_with(connection, ends, {"key": key, "usual": usual})


@contextmanager
def only_worker(database: Database) -> Iterator[None]:
    """Be the only process that works on a SQLite file, until the block ends or the process dies.

    Workers on PostgreSQL share the work, so there may be any number. Where no lock file can be
    written, as on a full disk, nothing is held: work that is late is worse.

    Raises:
        WorksAlready: another process is that one.
    """
    with ExitStack() as held:
        if database.is_sqlite:
            lock = FileLock(f"{database.url.database}.worker.lock", timeout=0, mode=0o600)
            try:
                held.enter_context(lock)
            except Timeout:
                raise WorksAlready(database.url.database) from None
            except OSError:
                pass
        yield


def one_at_a_time(session: Session, name: str) -> None:
    """Run transactions of the same *name* one after another, as SQLite runs all writers.

    So nobody adds to what they count until they have ended.
    """
    if dialect_of(session) == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": number(name)})


class _FileHeld:
    """A lock file: nobody can take it from a living process."""

    def renew(self) -> None:
        pass


class _AdvisoryHeld:
    """The lock is there for as long as its connection is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def renew(self) -> None:
        self._connection.execute(text("SELECT 1"))


def _end_with(connection: Connection, calls: Sequence[str], values: dict[str, Any]) -> None:
    """Call last functions; if the connection is broken, lock and settings went with it."""
    if connection.invalidated:
        return
    statement = text(f"SELECT {', '.join(calls)}")
    try:
        connection.execute(statement, {name: values[name] for name in statement.compile().params})
    except DBAPIError:
        connection.invalidate()


def taken(session: Session) -> frozenset[int]:
    """Return the numbers of the locks that any process holds now, on PostgreSQL."""
    if dialect_of(session) != "postgresql":
        return frozenset()
    return frozenset(session.scalars(_TAKEN))


def number(cluster_id: str) -> int:
    """Return the number by which PostgreSQL knows a lock."""
    digest = hashlib.sha256(f"dbaccess {cluster_id}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
