"""A database that is away is told from one that answers what is wrong."""

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.testing import capture_logs

from bot.worker.database_state import DatabaseState


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


MISSING_COLUMN = refused("SELECT missing FROM filled", "CREATE TABLE filled (content)")
READ_ONLY = refused("CREATE TABLE filled (content)", "PRAGMA query_only = ON")
DISK_FULL = refused(
    "INSERT INTO filled VALUES (zeroblob(1000000))",
    "CREATE TABLE filled (content)",
    "PRAGMA max_page_count = 3",
)
DEADLOCK = operational(psycopg.errors.DeadlockDetected("deadlock detected"))


@pytest.mark.parametrize(
    "error",
    [
        MISSING_COLUMN,
        READ_ONLY,
        DISK_FULL,
        DEADLOCK,
        operational(psycopg.errors.SerializationFailure("could not serialize access")),
        operational(psycopg.errors.DiskFull("could not extend file")),
        ValueError("broken"),
    ],
)
def test_a_database_that_answers_what_is_wrong_is_not_away(error: Exception) -> None:
    with capture_logs() as logs:
        assert not DatabaseState().explains(error)
    assert logs == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            operational(psycopg.OperationalError("connection refused\nIs the server running?")),
            "OperationalError: connection refused",
        ),
        (
            operational(psycopg.errors.AdminShutdown("terminating connection")),
            "OperationalError: terminating connection",
        ),
        (refused("ATTACH '/nowhere/at/all' AS other"), None),
        (operational(sqlite3.OperationalError("database is locked")), None),
        (PoolTimeout("no connection is free"), "TimeoutError: no connection is free"),
    ],
)
def test_the_log_says_why_a_database_is_away_and_not_what_it_was_asked(
    error: Exception, told: str | None
) -> None:
    with capture_logs() as logs:
        assert DatabaseState().explains(error)
    [entry] = logs
    assert entry["event"] == "database away"
    assert told in (None, entry["error"])
    assert "private" not in entry["error"]
