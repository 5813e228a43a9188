"""Signals between processes: PostgreSQL's NOTIFY carries a wake-up to every worker.

A signal may be lost (nobody listened, the database was unavailable): then the worker finds the
work at its next tick. On SQLite there is one process, and no signal.
"""

import threading
from collections.abc import Callable
from contextlib import closing

import structlog
from sqlalchemy import text

from bot.retry import Backoff
from bot.store.database import Database
from bot.store.failures import DATABASE_UNAVAILABLE, in_one_line

_CHANNEL = "dbaccess_wake"
_LISTEN_SECONDS = 1.0
_RECONNECT = Backoff(1.0, 15.0, longest_asked_seconds=15.0)

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
    """Calls `wake` at each signal, and whenever one may have been missed.

    `on_change` is told whether it listens, each time that this changes.
    """

    def __init__(
        self,
        database: Database,
        wake: Callable[[], None],
        on_change: Callable[[bool], None] = lambda _listens: None,
    ) -> None:
        self._database = database
        self._wake = wake
        self._on_change = on_change
        self._failures = 0  # in a row
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)

    def start(self) -> None:
        """Begin to listen; the database may be away for now."""
        self._on_change(False)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * _LISTEN_SECONDS)

    def _run(self) -> None:
        import psycopg

        while not self._stopping.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                self._note_failure(error)
                self._stopping.wait(_RECONNECT.seconds(self._failures))

    def _listen(self) -> None:
        with closing(self._database.connect_alone()) as connection:
            connection.execute(f"LISTEN {_CHANNEL}".encode())
            self._note_success()
            self._wake()  # for what was signalled before
            while not self._stopping.is_set():
                for _ in connection.notifies(timeout=_LISTEN_SECONDS, stop_after=1):
                    self._wake()

    def _note_failure(self, error: Exception) -> None:
        self._failures += 1
        self._on_change(False)
        if self._failures == 1:  # it is the same state until it listens again
            log.warning("listening for signals failed", error=in_one_line(error))

    def _note_success(self) -> None:
        self._on_change(True)
        if self._failures:
            log.info("listening for signals again")
        self._failures = 0
