"""What is wrong with the database is told from what is wrong with a statement, and told once."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.testing import capture_logs

from bot.faults import DatabaseTrouble
from bot.store import database_state
from bot.store.database_state import DatabaseState, Outage
from bot.store.failures import said_by, trouble_of
from bot.store.timeouts import ReadOnlyServer
from tests.waiting import eventually

AWAY, FULL = DatabaseTrouble.AWAY, DatabaseTrouble.FULL
BUSY, READ_ONLY = DatabaseTrouble.BUSY, DatabaseTrouble.READ_ONLY


def operational(origin: Exception) -> OperationalError:
    return OperationalError("UPDATE grants SET reason = 'private'", {}, origin)


def refused(statement: str, *before: str) -> OperationalError:
    """What SQLite says of a statement."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    for one in before:
        database.execute(one)
    with pytest.raises(sqlite3.OperationalError) as raised:
        database.execute(statement)
    database.close()
    return operational(raised.value)


NOBODY_THERE = operational(
    psycopg.OperationalError(
        'connection failed: connection to server at "10.1.2.3", port 5432 failed: Connection '
        "refused\nIs the server running?"
    )
)
DEADLOCK = operational(psycopg.errors.DeadlockDetected("deadlock detected"))
READ_ONLY_FILE = refused("CREATE TABLE filled (content)", "PRAGMA query_only = ON")
DISK_FULL = refused(
    "INSERT INTO filled VALUES (zeroblob(1000000))",
    "CREATE TABLE filled (content)",
    "PRAGMA max_page_count = 3",
)


@pytest.mark.parametrize(
    ("error", "trouble", "said"),
    [
        (NOBODY_THERE, AWAY, "Connection refused"),
        (
            operational(psycopg.errors.AdminShutdown("terminating connection")),
            AWAY,
            "terminating connection",
        ),
        (refused("ATTACH '/nowhere/at/all' AS other"), AWAY, "/nowhere/at/all"),
        (PoolTimeout("no connection is free"), BUSY, "no connection is free"),
        (
            operational(psycopg.errors.TooManyConnections("FATAL:  too many clients already")),
            BUSY,
            "too many clients already",
        ),
        (DISK_FULL, FULL, "database or disk is full"),
        (
            operational(
                psycopg.errors.DiskFull(
                    'could not extend file "base/5/2619": No space left on device'
                )
            ),
            FULL,
            "No space left on device",
        ),
        (READ_ONLY_FILE, READ_ONLY, "attempt to write a readonly database"),
        (
            operational(ReadOnlyServer("cannot execute INSERT in a read-only transaction")),
            READ_ONLY,
            "cannot execute INSERT in a read-only transaction",
        ),
        (
            operational(
                psycopg.OperationalError(
                    'connection failed: FATAL:  no pg_hba.conf entry for host "203.0.113.9", '
                    'user "doadmin", database "defaultdb", no encryption'
                )
            ),
            AWAY,
            "no pg_hba.conf entry for host …, user …, database …, no encryption",
        ),
        (
            operational(psycopg.OperationalError("no route to 10.1.2.3 port 25060")),
            AWAY,
            "no route to … port 25060",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_known_by_the_databases_own_words(
    error: Exception, trouble: DatabaseTrouble, said: str
) -> None:
    assert trouble_of(error) is trouble
    assert said_by(error) == said


@pytest.mark.parametrize(
    "error",
    [
        refused("SELECT missing FROM filled", "CREATE TABLE filled (content)"),
        DEADLOCK,
        operational(psycopg.errors.SerializationFailure("could not serialize access")),
        ValueError("broken"),
    ],
)
def test_what_is_wrong_with_one_statement_is_no_outage(error: Exception) -> None:
    with capture_logs() as logs:
        assert not DatabaseState().explains(error)
    assert logs == []


class Watched:
    """A state that is watched, and what came of it."""

    def __init__(self) -> None:
        self.works = threading.Event()
        self.tries: list[Outage | None] = []
        self.lasting: list[Outage] = []
        self.ended: list[Outage] = []
        self.state = DatabaseState()
        self.state.watch(
            self.write,
            on_write=lambda: self.tries.append(self.state.outage),
            on_lasting=self.lasting.append,
            on_end=self.ended.append,
            lasting_seconds=0.2,
        )

    def has_ended(self, times: int) -> bool:
        return len(self.ended) == times

    def write(self) -> None:
        if not self.works.is_set():
            raise DISK_FULL


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(database_state, "_PROBE_SECONDS", 0.02)
    calm = dict.fromkeys(DatabaseTrouble, (0.1, 0.2)) | {FULL: (0.3, 0.3)}
    monkeypatch.setattr(database_state, "_CALM_SECONDS", calm)
    made = Watched()
    yield made
    made.state.close()


@contextmanager
def logged() -> Iterator[list[Any]]:
    with capture_logs() as logs:
        yield logs


def test_an_outage_is_logged_when_it_begins_and_when_it_is_over_however_many_meet_it(
    watched: Watched,
) -> None:
    with logged() as logs:
        for _ in range(50):
            assert watched.state.explains(DISK_FULL)
        eventually(lambda: watched.lasting)
        during = watched.state.outage
        assert [during] == watched.lasting
        watched.works.set()
        eventually(lambda: watched.ended)
    assert watched.state.outage is None
    assert len(watched.lasting) == len(watched.ended) == 1
    assert [(one["event"], one["log_level"]) for one in logs] == [
        ("database unavailable", "warning"),
        ("database back", "info"),
    ]
    assert logs[0]["trouble"] == "full"
    assert logs[0]["error"] == "OperationalError: database or disk is full"
    assert "private" not in str(logs)


def test_a_short_outage_is_told_to_nobody(watched: Watched) -> None:
    watched.works.set()
    watched.state.explains(NOBODY_THERE)
    eventually(lambda: watched.ended)
    assert watched.lasting == []


def test_an_outage_goes_on_while_some_fail_although_others_succeed(watched: Watched) -> None:
    """On a full disk, what changes nothing in size often finds room."""
    watched.works.set()
    with logged() as logs:
        for _ in range(20):
            watched.state.explains(DISK_FULL)
            time.sleep(0.05)
        assert watched.ended == []
    assert [one["event"] for one in logs] == ["database unavailable"]
    assert watched.tries, "meanwhile, whoever waits may try"
    eventually(lambda: watched.ended)


def test_another_trouble_in_the_same_outage_is_logged_once_too(watched: Watched) -> None:
    with logged() as logs:
        for error in (NOBODY_THERE, READ_ONLY_FILE, NOBODY_THERE, READ_ONLY_FILE):
            watched.state.explains(error)
    assert [one["trouble"] for one in logs] == ["away", "read_only"]


def test_an_outage_ends_although_it_could_not_be_told(watched: Watched) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("nobody to tell")

    watched.state.watch(
        watched.write, on_write=fail, on_lasting=fail, on_end=fail, lasting_seconds=0.05
    )
    with logged() as logs:
        watched.state.explains(NOBODY_THERE)
        eventually(lambda: "outage not reported" in [one["event"] for one in logs])
        watched.works.set()
        eventually(lambda: watched.state.outage is None)


def test_outages_follow_one_another(watched: Watched) -> None:
    watched.works.set()
    with logged() as logs:
        for number in (1, 2):
            watched.state.explains(NOBODY_THERE)
            eventually(partial(watched.has_ended, number))
    assert [one["event"] for one in logs] == ["database unavailable", "database back"] * 2
