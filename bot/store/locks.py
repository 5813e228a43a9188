"""One reconciler at a time for a cluster, across processes; the lock dies with its holder."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import text

from bot.store.database import Database


class ClusterLocks:
    """PostgreSQL: an advisory lock. SQLite: a lock file beside the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._here: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    @contextmanager
    def hold(self, cluster_id: str) -> Iterator[bool]:
        """Yield whether the lock was free; where it was, hold it until the block ends."""
        with self._guard:
            here = self._here.setdefault(cluster_id, threading.Lock())
        if not here.acquire(blocking=False):
            yield False
            return
        with ExitStack() as held:
            held.callback(here.release)
            yield held.enter_context(self._across_processes(cluster_id))

    @contextmanager
    def _across_processes(self, cluster_id: str) -> Iterator[bool]:
        if not self._database.is_sqlite:
            with self._advisory(cluster_id) as free:
                yield free
            return
        file = Path(f"{self._database.url.database}.{cluster_id}.lock")
        try:
            with FileLock(file, timeout=0):
                yield True
        except Timeout:
            yield False

    @contextmanager
    def _advisory(self, cluster_id: str) -> Iterator[bool]:
        key = {"key": _number(cluster_id)}
        engine = self._database.engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            ask = text("SELECT pg_try_advisory_lock(:key)")
            free = bool(connection.execute(ask, key).scalar())
            try:
                yield free
            finally:
                if free:
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)


def _number(cluster_id: str) -> int:
    digest = hashlib.sha256(f"dbaccess {cluster_id}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
