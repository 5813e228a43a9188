"""A wake-up reaches the workers of other processes, and comes again after the database was away."""

import threading
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from bot.database_url import database_url
from bot.retry import Backoff
from bot.store import signals
from bot.store.database import Database
from bot.store.signals import Listener, signal
from tests.postgresql import PostgresServer, binaries
from tests.waiting import eventually


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of its own, for it is stopped."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with PostgresServer(programs) as made:
        yield made


def test_a_signal_wakes_who_listens_elsewhere(postgresql: PostgresServer) -> None:
    database = Database(database_url(postgresql.database()))
    woken = threading.Event()
    listener = Listener(database, woken.set)
    listener.start()
    try:
        eventually(woken.is_set)  # once at the beginning, for what was missed
        woken.clear()
        signal(database)
        eventually(woken.is_set)
    finally:
        listener.stop()
        database.close()


def test_a_listener_comes_back_with_the_database_and_wakes(server: PostgresServer) -> None:
    database = Database(database_url(server.database()))
    woken = threading.Event()
    listener = Listener(database, woken.set)
    listener.start()
    try:
        eventually(woken.is_set)
        server.stop()
        woken.clear()
        signal(database)  # nobody hears it, and it does no harm
        server.start()
        eventually(woken.is_set)
        woken.clear()
        signal(database)
        eventually(woken.is_set)
    finally:
        listener.stop()
        database.close()


def test_a_listener_that_fails_says_so_once_and_once_more_when_it_listens(
    postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "_RECONNECT", Backoff(0.05, 0.1, longest_asked_seconds=0.1))
    name = postgresql.database().rpartition("/")[2]
    with postgresql.standby() as standby, capture_logs() as logs:
        database = Database(database_url(standby.url(name)))
        tried: list[bool] = []
        listener = Listener(database, lambda: None, tried.append)
        listener.start()
        try:
            eventually(lambda: len(tried) > 5)  # a standby answers, but takes no LISTEN
            standby.promote()
            eventually(lambda: tried[-1])
        finally:
            listener.stop()
            database.close()
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("listening for signals failed", "warning"),
        ("listening for signals again", "info"),
    ]
    assert "LISTEN during recovery" in logs[0]["error"]


def test_sqlite_has_nobody_to_signal(sqlite_database: Database) -> None:
    signal(sqlite_database)
