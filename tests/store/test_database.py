"""Times come back as they were written, and a transaction happens whole or not at all."""

import os
import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError

from bot.database_url import database_url
from bot.domain.audit_actions import Action
from bot.store import audit, heartbeats, schema
from bot.store.database import Database
from bot.store.locks import ClusterLocks
from bot.store.tables import PostRow

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
KOLKATA = timezone(timedelta(hours=5, minutes=30))


def beats(database: Database) -> datetime | None:
    with database.reading() as session:
        return heartbeats.last(session, NOON + timedelta(days=1))


def test_an_aware_time_comes_back_as_it_was_in_utc(database: Database) -> None:
    with database.transaction() as session:
        audit.record(session, Action.ALARMED, at=NOON.astimezone(KOLKATA))
    with database.reading() as session:
        [row] = audit.rows(session)
    assert row.at == NOON
    assert row.at.tzinfo is UTC


def test_times_are_compared_as_moments_whatever_their_zone(database: Database) -> None:
    with database.transaction() as session:
        audit.record(session, Action.ALARMED, at=NOON)
    with database.reading() as session:
        just_after = (NOON + timedelta(microseconds=1)).astimezone(KOLKATA)
        assert not list(audit.rows(session, since=just_after))
        assert len(list(audit.rows(session, since=NOON.astimezone(KOLKATA)))) == 1


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = NOON.replace(tzinfo=None)
    with (
        pytest.raises(StatementError, match="a time without a zone"),
        database.transaction() as session,
    ):
        heartbeats.beat(session, "host:1", naive)
    assert beats(database) is None


def test_the_latest_of_several_heartbeats_is_told_as_an_aware_time(database: Database) -> None:
    with database.transaction() as session:
        heartbeats.beat(session, "host:1", NOON)
        heartbeats.beat(session, "host:2", NOON + timedelta(seconds=5))
        heartbeats.beat(session, "host:1", NOON + timedelta(seconds=1))
    assert beats(database) == NOON + timedelta(seconds=5)


def test_sqlite_writes_ahead_waits_for_others_and_minds_foreign_keys(
    sqlite_database: Database,
) -> None:
    pragmas = {"journal_mode": "wal", "busy_timeout": 10_000, "foreign_keys": 1, "synchronous": 2}
    with sqlite_database.engine.connect() as connection:
        for name, wanted in pragmas.items():
            assert connection.execute(text(f"PRAGMA {name}")).scalar() == wanted


def fail_in_the_middle(database: Database) -> None:
    with database.transaction() as session:
        session.add(PostRow(post="request:1", channel="C0APPROVALS", ts="1.0"))
        audit.record(session, Action.REQUESTED, at=NOON)
        session.flush()
        raise RuntimeError("in the middle")


def test_a_transaction_that_fails_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        fail_in_the_middle(database)
    with database.reading() as session:
        assert session.get(PostRow, "request:1") is None
        assert not list(audit.rows(session))


def test_a_reader_waits_for_no_writer_and_sees_nothing_half_done(database: Database) -> None:
    with database.transaction() as writing:
        heartbeats.beat(writing, "host:1", NOON)
        writing.flush()
        assert beats(database) is None
    assert beats(database) == NOON


def test_a_second_writer_waits_for_the_first(sqlite_database: Database) -> None:
    order: list[str] = []

    def write_second() -> None:
        with sqlite_database.transaction() as session:
            heartbeats.beat(session, "second", NOON)
            order.append("second")

    second = threading.Thread(target=write_second)
    with sqlite_database.transaction() as session:
        heartbeats.beat(session, "first", NOON)
        session.flush()
        second.start()
        second.join(timeout=0.1)
        order.append("first")
    second.join(timeout=30)
    assert order == ["first", "second"]


def test_a_write_is_on_the_disk_once_the_transaction_is_over(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        heartbeats.beat(session, "host:1", NOON)
    assert sqlite_database.url.database is not None
    other = sqlite3.connect(sqlite_database.url.database)
    assert other.execute("SELECT worker FROM heartbeats").fetchall() == [("host:1",)]
    other.close()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("sqlite:///x.db", "sqlite:///x.db"),
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
    ],
)
def test_the_usual_addresses_of_databases_are_understood(given: str, meant: str) -> None:
    assert database_url(given) == meant


@pytest.mark.parametrize("given", ["mysql://h/d", "x.db", "", "sqlite"])
def test_another_kind_of_database_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="must begin with"):
        database_url(given)


def test_a_worker_that_looked_at_a_time_to_come_says_nothing(database: Database) -> None:
    with database.transaction() as session:
        heartbeats.beat(session, "gone", NOON + timedelta(days=3))
        heartbeats.beat(session, "here", NOON)

    assert beats(database) == NOON


def test_p8_a_new_sqlite_file_and_all_beside_it_are_for_their_owner_alone(tmp_path: Path) -> None:
    usual = os.umask(0o022)
    database = Database(f"sqlite:///{tmp_path / 'dbaccess.db'}")
    try:
        schema.upgrade(database)
        with ClusterLocks(database).hold("9cc10173"), database.transaction() as session:
            heartbeats.beat(session, "host:1", NOON)
            modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    finally:
        os.umask(usual)
        database.close()
    assert len(modes) == 4, "the database, its -wal and -shm, a lock"
    assert set(modes.values()) == {0o600}


def test_a_sqlite_file_that_is_there_keeps_the_mode_that_somebody_gave_it(tmp_path: Path) -> None:
    file = tmp_path / "dbaccess.db"
    file.touch()
    file.chmod(0o640)
    database = Database(f"sqlite:///{file}")
    schema.upgrade(database)
    database.close()
    assert file.stat().st_mode & 0o777 == 0o640
