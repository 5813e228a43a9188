"""PostgreSQL is not waited for for ever, and does not wait for ever for somebody who is gone."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from bot.database_url import database_url
from bot.store import schema, timeouts
from bot.store.database import Database
from bot.store.failures import DATABASE_UNAVAILABLE
from tests.postgresql import PostgresServer


@pytest.fixture
def database(postgresql: PostgresServer) -> Iterator[Database]:
    database = Database(database_url(postgresql.database()))
    yield database
    database.close()


def test_a_server_that_does_not_answer_counts_as_away_and_is_asked_again_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts.TimedConnection, "answer_seconds", 0.3)
    with database.reading() as session:
        session.execute(text("SELECT pg_sleep(0.1)"))
    with pytest.raises(DATABASE_UNAVAILABLE), database.reading() as session:
        session.execute(text("SELECT pg_sleep(30)"))
    with database.reading() as session:
        assert session.execute(text("SELECT 1")).scalar() == 1


def test_a_server_that_hangs_counts_as_away_until_it_goes_on(
    database: Database, postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts.TimedConnection, "answer_seconds", 0.3)
    with database.reading() as session:
        session.execute(text("SELECT 1"))
    postgresql.freeze()
    try:
        with pytest.raises(DATABASE_UNAVAILABLE), database.reading() as session:
            session.execute(text("SELECT 1"))
    finally:
        postgresql.thaw()
    with database.reading() as session:
        assert session.execute(text("SELECT 1")).scalar() == 1


def test_who_stands_still_in_a_transaction_holds_nobody_up_for_long(
    postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "IDLE_SECONDS", 1)
    database = Database(database_url(postgresql.database()))
    other = Database(database.url.render_as_string())
    schema.upgrade(database)
    begins = text("INSERT INTO heartbeats VALUES ('one', now())")
    changes = text("UPDATE heartbeats SET ticked_at = now()")
    try:
        with database.transaction() as session:
            session.execute(begins)
        with database.reading() as frozen:
            frozen.execute(changes)
            with other.transaction() as session:
                session.execute(changes)
            with pytest.raises(DATABASE_UNAVAILABLE):
                frozen.execute(changes)
    finally:
        database.close()
        other.close()


def test_a_migration_may_take_its_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts.TimedConnection, "answer_seconds", 0.2)
    with database.engine.begin() as connection:
        timeouts.lift_timeouts(connection)
        connection.execute(text("SELECT pg_sleep(0.6)"))
