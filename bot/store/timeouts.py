"""Timeouts: how long PostgreSQL is waited for, and how long it waits for us.

A server that hangs, or a network that drops everything, must not block a thread for ever; nor may a
process that is frozen in the middle of a transaction block the others by its row locks.
"""

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Dialect, Engine, event

_ANSWER_SECONDS = 10.0  # longer than any statement of ours takes, or waits for another one
_CONNECT_SECONDS = 3
IDLE_SECONDS = 15  # a transaction waits for nothing outside

_CONNECTING: dict[str, Any] = {
    "connect_timeout": _CONNECT_SECONDS,
    "keepalives_idle": 20,  # a network that drops everything is noticed within a minute
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

T = TypeVar("T")


class ReadOnlyServer(psycopg.OperationalError):
    """Nothing can be written: a standby, or a server whose disk is nearly full.

    psycopg counts that among the internal errors, as if a statement of ours were wrong.
    """

    sqlstate = psycopg.errors.ReadOnlySqlTransaction.sqlstate


class TimedConnection(psycopg.Connection[Any]):
    """A connection that closes itself if the server does not answer in time."""

    answer_seconds = _ANSWER_SECONDS

    def wait(
        self, gen: Generator[Any, Any, T], interval: float = 0.1, timeout: float | None = None
    ) -> T:
        """Wait for one answer.

        Raises:
            OperationalError: it did not come in time, and the statement may have been
                carried out; the server had waited for us, and closed the connection; or it takes
                no writes.
        """
        until = time.monotonic() + self.answer_seconds
        try:
            return super().wait(self._in_time(gen, until), interval, timeout)
        except psycopg.errors.IdleInTransactionSessionTimeout as error:  # not an operational one
            raise psycopg.OperationalError("stood still in a transaction") from error
        except psycopg.errors.ReadOnlySqlTransaction as error:
            raise ReadOnlyServer(str(error)) from error

    def _in_time(self, gen: Generator[Any, Any, T], until: float) -> Generator[Any, Any, T]:
        """Pass on what is waited for, and whether it is there, several times a second."""
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


def connect_in_time(given: Any, named: dict[str, Any]) -> TimedConnection:
    """Return a connection with these timeouts, in autocommit mode.

    Raises:
        OperationalError: none of the hosts can be reached.
    """
    connection = TimedConnection.connect(*given, **_CONNECTING | named, autocommit=True)
    connection.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'".encode())
    return connection


def set_timeouts(engine: Engine) -> None:
    """Give an engine's connections these timeouts."""

    @event.listens_for(engine, "do_connect")
    def connect(
        _dialect: Dialect, _record: Any, given: Any, named: dict[str, Any]
    ) -> TimedConnection:
        connection = connect_in_time(given, named)
        connection.autocommit = False
        return connection


def lift_timeouts(connection: Connection) -> None:
    """Lift the time-outs of a connection, for a migration."""
    driver = connection.connection.driver_connection
    if isinstance(driver, TimedConnection):
        driver.answer_seconds = float("inf")
