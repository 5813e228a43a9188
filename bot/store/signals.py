"""Signals between processes: PostgreSQL's NOTIFY carries a wake-up to every worker.

A signal may be lost (nobody listened, the database was unavailable): then the worker finds the
work at its next tick. On SQLite there is one process, and no signal.
"""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import structlog
from sqlalchemy import text

from bot.store.database import DATABASE_UNAVAILABLE, Database
from bot.store.timeouts import CONNECTING

_CHANNEL = "dbaccess_wake"
_LISTEN_SECONDS = 1.0
_RECONNECT_SECONDS = 1.0

log = structlog.get_logger()


def signal(database: Database) -> None:
    """Wake the workers of other processes, if there can be any; never raises."""
    if database.is_sqlite:
        return
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"NOTIFY {_CHANNEL}"))
    except DATABASE_UNAVAILABLE as error:
        log.warning("signal not sent", error=type(error).__name__)


class Listener:
    """Calls `wake` at each signal, and whenever one may have been missed."""

    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        _, given = database.engine.dialect.create_connect_args(database.url)
        self._given: dict[str, Any] = {k: v for k, v in given.items() if k != "context"}
        self._wake = wake
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)

    def start(self) -> None:
        """Begin to listen; the database may be away for now."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * _LISTEN_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                log.warning("listening for signals failed", error=type(error).__name__)
                self._stopping.wait(_RECONNECT_SECONDS)

    def _listen(self) -> None:
        with psycopg.connect(autocommit=True, **CONNECTING | self._given) as connection:
            connection.execute(f"LISTEN {_CHANNEL}".encode())
            self._wake()  # for what was signalled before
            while not self._stopping.is_set():
                for _ in connection.notifies(timeout=_LISTEN_SECONDS, stop_after=1):
                    self._wake()
