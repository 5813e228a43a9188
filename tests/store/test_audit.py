"""The audit is a chain that the database lets nobody change, however many write to it at once."""

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.domain.chain import GENESIS
from bot.domain.sources import SourceType, TrustedSource
from bot.store import audit, requests, schema
from bot.store.audit import Action
from bot.store.database import Database

NOON = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOME = TrustedSource(SourceType.IP_ADDR, "203.0.113.4")
BACKEND = TrustedSource(SourceType.TAG, "backend")


def note(database: Database, *actions: Action, **more: Any) -> None:
    """Write rows down in one transaction."""
    with database.transaction() as session:
        for action in actions:
            audit.record(session, action, at=NOON, cluster="orders", **more)


def verdict_of(database: Database) -> tuple[int, int | None]:
    with database.reading() as session:
        found = audit.verify_chain(session)
    return found.count, found.broken_at


def tamper(database: Database, statement: str) -> None:
    """Change rows as somebody does who may do everything, the guards included."""
    with database.engine.begin() as connection:
        if database.is_sqlite:
            connection.execute(text("DROP TRIGGER audit_has_no_update"))
            connection.execute(text("DROP TRIGGER audit_has_no_delete"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_is_append_only"))
        connection.execute(text(statement))


def test_each_row_is_chained_to_the_one_before(database: Database) -> None:
    assert verdict_of(database) == (0, None)
    note(database, Action.REQUESTED, Action.APPROVED, reason="für «die Nacht» \U0001f512")
    note(database, Action.ENDED, expires_at=NOON.isoformat(), approvers=["U0ALICE"], at_most=None)
    assert verdict_of(database) == (3, None)
    with database.reading() as session:
        assert len({row.digest for row in audit.rows(session)}) == 3
        newest = audit.head(session)
        assert audit.holds(session, newest)
        assert not audit.holds(session, GENESIS)


def test_a_transaction_that_fails_leaves_no_gap_in_the_chain(database: Database) -> None:
    note(database, Action.REQUESTED)
    with suppress(RuntimeError), database.transaction() as session:
        audit.record(session, Action.APPROVED, at=NOON)
        raise RuntimeError("in the middle")
    note(database, Action.DENIED)
    assert verdict_of(database) == (2, None)


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE audit SET actor = 'U0EVE' WHERE id = 2", 2),
        ('UPDATE audit SET detail = \'{"reason": "none"}\' WHERE id = 2', 2),
        ("UPDATE audit SET at = '2026-11-25 12:00:01' WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 2", 3),
        ("DELETE FROM audit WHERE id = 1", 2),
    ],
    ids=["actor", "detail", "time", "a row in the middle", "the first row"],
)
def test_what_was_tampered_with_is_found(
    database: Database, statement: str, broken_at: int
) -> None:
    note(database, Action.REQUESTED, Action.APPROVED, Action.ENDED, reason="a night job")
    tamper(database, statement)
    assert verdict_of(database)[1] == broken_at


def test_that_the_newest_rows_are_gone_shows_by_a_digest_noted_elsewhere(
    database: Database,
) -> None:
    note(database, Action.REQUESTED, Action.APPROVED)
    with database.reading() as session:
        noted = audit.head(session)
    tamper(database, "DELETE FROM audit WHERE id = 2")
    assert verdict_of(database) == (1, None)
    with database.reading() as session:
        assert not audit.holds(session, noted)


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'U0EVE'", "DELETE FROM audit"])
def test_the_database_itself_lets_no_row_be_changed(database: Database, statement: str) -> None:
    note(database, Action.REQUESTED)
    with (
        pytest.raises(DBAPIError, match="append-only"),
        database.engine.begin() as connection,
    ):
        connection.execute(text(statement))
    assert verdict_of(database) == (1, None)


def test_many_writers_at_once_make_one_chain(database: Database) -> None:
    def write() -> None:
        for _ in range(10):
            note(database, Action.REQUESTED, Action.APPROVED)

    writers = [threading.Thread(target=write) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert verdict_of(database) == (120, None)


def test_rows_from_before_the_chain_are_chained_by_the_migration(empty_database: Database) -> None:
    schema.upgrade(empty_database, "0003")
    made = text(
        "INSERT INTO audit (at, action, actor, cluster, request_id, detail) VALUES "
        "('2026-11-25 12:00:00.123456', :action, 'U0RITA', 'orders', 7, :detail)"
    )
    detail = '{"reason": "not today", "approvers": ["U0ALICE"]}'
    with empty_database.engine.begin() as connection:
        for action in ("request.made", "request.denied"):
            connection.execute(made, {"action": action, "detail": detail})
    schema.upgrade(empty_database)
    note(empty_database, Action.ENDED)
    assert verdict_of(empty_database) == (3, None)


def test_rows_are_found_by_time_cluster_person_and_source(database: Database) -> None:
    with database.transaction() as session:
        asked = requests.add(
            session,
            cluster="orders",
            source=HOME,
            duration=HOUR,
            requester="U0RITA",
            reason="",
            created_at=NOON,
            lapses_at=NOON + HOUR,
        )
        made: dict[str, Any] = {"cluster": "orders", "request_id": asked.id}
        audit.record(session, Action.REQUESTED, at=NOON, actor="U0RITA", **made)
        audit.record(session, Action.APPROVED, at=NOON + HOUR, actor="U0ALICE", **made)
        audit.record(
            session,
            Action.RULES_WRITTEN,
            at=NOON + 2 * HOUR,
            cluster="orders",
            added=["tag:backend"],
        )
        audit.record(session, Action.ALARMED, at=NOON + 3 * HOUR, cluster="analytics")

    def found(**filters: Any) -> list[int | None]:
        with database.reading() as session:
            return [row.id for row in audit.rows(session, **filters)]

    assert found() == [1, 2, 3, 4]
    assert found(since=NOON + HOUR, until=NOON + 3 * HOUR) == [2, 3]
    assert found(cluster="analytics") == [4]
    assert found(person="U0ALICE") == [2]
    assert found(person="U0RITA") == [1, 2], "what became of what she asked for, too"
    assert found(source=HOME) == [1, 2]
    assert found(source=BACKEND) == [3]
