"""Timeouts: how long PostgreSQL is waited for, and how long it waits for us.

A server that hangs, or a network that swallows everything, must not hold a thread for ever; nor
may a process that stands still in the middle of a transaction hold up the others by its row locks.
"""

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Dialect, Engine, event

_ANSWER_SECONDS = 10.0  # longer than any statement of ours takes, and than it waits for another
_CONNECT_SECONDS = 3
_IDLE_SECONDS = 15  # nothing is called or slept on in a transaction

CONNECTING: dict[str, Any] = {
    "connect_timeout": _CONNECT_SECONDS,
    "keepalives_idle": 20,  # a network that swallows everything is noticed within a minute
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

T = TypeVar("T")


class TimedConnection(psycopg.Connection[Any]):
    """A connection that closes itself where the server does not answer in time."""

    answer_seconds = _ANSWER_SECONDS

    def wait(
        self, gen: Generator[Any, Any, T], interval: float = 0.1, timeout: float | None = None
    ) -> T:
        """Wait for one answer.

        Raises:
            OperationalError: it did not come in time, and what was asked may have been done; or
                the server had waited for us, and hung up.
        """
        until = time.monotonic() + self.answer_seconds
        try:
            return super().wait(self._in_time(gen, until), interval, timeout)
        except psycopg.errors.IdleInTransactionSessionTimeout as error:  # not an operational one
            raise psycopg.OperationalError("stood still in a transaction") from error

    def _in_time(self, gen: Generator[Any, Any, T], until: float) -> Generator[Any, Any, T]:
        """Pass on what is waited for and whether it came; that is asked several times a second."""
        try:
            wants = next(gen)
            while True:
                ready = yield wants
                if not ready and time.monotonic() > until:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("the database does not answer")
                wants = gen.send(ready)
        except StopIteration as done:
            answer: T = done.value
            return answer


def set_timeouts(engine: Engine) -> None:
    """Give an engine's connections these timeouts."""

    @event.listens_for(engine, "do_connect")
    def connect(
        _dialect: Dialect, _record: Any, given: Any, named: dict[str, Any]
    ) -> TimedConnection:
        connection = TimedConnection.connect(*given, **CONNECTING | named)
        connection.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_SECONDS}s'".encode())
        connection.commit()
        return connection


def lift_timeouts(connection: Connection) -> None:
    """Let the statements on a connection take as long as they need: it is for a migration."""
    driver = connection.connection.driver_connection
    if isinstance(driver, TimedConnection):
        driver.answer_seconds = float("inf")
