"""The audit is a chain that the database lets nobody change, however many write to it at once."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select
from structlog.testing import capture_logs

from bot.database_url import database_url
from bot.domain.audit_actions import Action
from bot.domain.audit_chain import (
    GENESIS,
    Anchor,
    Keyring,
    Verdict,
    digest_of,
    name_of_key,
    parse_anchor,
)
from bot.domain.sources import SourceType, TrustedSource
from bot.store import audit, requests, schema
from bot.store.database import Database, before_commit
from bot.store.tables import AuditRow
from tests.domain import examples
from tests.storage import Storage

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


def newest_anchor(session: Session) -> Anchor:
    """What an operator would have noted elsewhere."""
    newest = audit.newest(session)
    return Anchor(newest.number, newest.digest)


KEY = b"k" * 32


def whole_verdict(database: Database) -> Verdict:
    with database.reading() as session:
        return audit.verify_chain(session)


@pytest.fixture
def keyed(storage: Storage, database: Database) -> Iterator[Database]:
    """The same database, opened by a process that has the key."""
    keyed = Database(database_url(storage.url), Keyring((KEY,)))
    yield keyed
    keyed.close()


def ask(database: Database) -> None:
    """Have a request made as the bot makes it."""
    with database.transaction() as session:
        asked = requests.add(
            session,
            examples.request(
                id=requests.NEXT, requester="U0RITA", created_at=NOON, lapses_at=NOON + HOUR
            ),
        )
        audit.record(
            session,
            Action.REQUESTED,
            at=NOON,
            cluster="orders",
            request_id=asked.id,
            actor="U0RITA",
        )


def write_anew(database: Database, *, actor: str, first: int = 1) -> None:
    """Rewrite the whole audit with digests that fit, as its owner can who has no key."""
    with database.reading() as session:
        rows = list(audit.rows(session))
    tamper(database, "DELETE FROM audit")
    digest = GENESIS
    with Session(database.engine) as session:
        for number, row in enumerate(rows, first):
            facts: dict[str, Any] = {
                "at": row.at.isoformat(),
                "action": row.action,
                "actor": actor,
                "cluster": row.cluster,
                "request_id": row.request_id,
                "detail": row.detail,
            }
            digest = digest_of(digest, facts)
            made = AuditRow(**{**facts, "at": row.at}, id=number, digest=digest)
            session.add(made)
        session.commit()


def tamper(database: Database, statement: str) -> None:
    """Change rows as somebody does who may do everything, the guards included."""
    with database.engine.begin() as connection:
        if database.is_sqlite:
            connection.execute(text("DROP TRIGGER audit_has_no_update"))
            connection.execute(text("DROP TRIGGER audit_has_no_delete"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        connection.execute(text(statement))


def test_each_row_is_chained_to_the_one_before(database: Database) -> None:
    assert verdict_of(database) == (0, None)
    note(database, Action.REQUESTED, Action.APPROVED, reason="für «die Nacht» \U0001f512")
    note(database, Action.ENDED, expires_at=NOON.isoformat(), approvers=["U0ALICE"], at_most=None)
    assert verdict_of(database) == (3, None)
    with database.reading() as session:
        assert len({row.digest for row in audit.rows(session)}) == 3
        assert audit.verify_chain(session, expected=[newest_anchor(session)]).is_whole
        assert audit.verify_chain(session, expected=[Anchor(1, GENESIS)]).missing


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
        noted = newest_anchor(session)
    tamper(database, "DELETE FROM audit WHERE id = 2")
    assert verdict_of(database) == (1, None)
    with database.reading() as session:
        assert audit.verify_chain(session, expected=[noted]).missing == (noted,)


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


def test_where_a_key_begins_is_on_record_and_what_was_there_stays_whole(
    database: Database, keyed: Database
) -> None:
    note(database, Action.REQUESTED, Action.APPROVED)
    note(keyed, Action.ENDED)
    with keyed.reading() as session:
        verdict = audit.verify_chain(session)
        rows = list(audit.rows(session))
    assert verdict.is_whole
    assert [(one.first, one.last, one.key) for one in verdict.stretches] == [
        (1, 2, ""),
        (3, 4, name_of_key(KEY)),
    ]
    assert rows[2].action == Action.KEY_CHANGED
    assert rows[2].detail == {"before": None, "key": name_of_key(KEY)}


def test_a_key_is_on_record_when_a_process_starts_and_not_with_its_next_start(
    database: Database, keyed: Database
) -> None:
    note(database, Action.REQUESTED)
    for _ in range(2):
        with keyed.transaction() as session:
            audit.follow_key(session, at=NOON)
    assert whole_verdict(keyed).count == 2
    assert whole_verdict(keyed).is_whole


def test_without_a_key_a_start_leaves_nothing_in_the_audit(database: Database) -> None:
    with database.transaction() as session:
        audit.follow_key(session, at=NOON)
    assert whole_verdict(database).count == 0


def test_a_key_that_is_taken_away_is_on_record_and_its_rows_cannot_be_checked(
    database: Database, keyed: Database
) -> None:
    note(keyed, Action.REQUESTED)
    note(database, Action.ENDED)
    without = whole_verdict(database)
    assert without.broken_at is None
    assert [(one.first, one.last) for one in without.unchecked] == [(1, 2)]
    with database.reading() as session:
        change = list(audit.rows(session, actions=[Action.KEY_CHANGED]))[-1]
    assert change.detail == {"before": name_of_key(KEY), "key": None}
    assert [(one.first, one.last) for one in whole_verdict(keyed).weakened] == [(3, 4)]


def test_an_audit_rewritten_with_fitting_digests_is_found_by_the_key_and_by_an_anchor(
    database: Database, keyed: Database
) -> None:
    note(keyed, Action.REQUESTED, Action.APPROVED)
    with keyed.reading() as session:
        noted = newest_anchor(session)
    write_anew(database, actor="U0EVE")
    assert whole_verdict(database).is_whole, "without the key it looks well"
    assert whole_verdict(keyed).ends_unsigned
    with database.reading() as session:
        assert audit.verify_chain(session, expected=[noted]).missing == (noted,)


def test_a_first_row_with_another_number_than_one_is_found(database: Database) -> None:
    note(database, Action.REQUESTED, Action.APPROVED)
    write_anew(database, actor="U0RITA", first=9)
    assert verdict_of(database) == (0, 9)


@pytest.mark.parametrize(
    "statement", ["DELETE FROM audit", "DELETE FROM audit WHERE request_id = 2"]
)
def test_requests_that_no_row_tells_of_are_a_fault(database: Database, statement: str) -> None:
    """P6: each was recorded in the transaction that made it, so its rows were removed."""
    for _ in range(2):
        ask(database)
    assert whole_verdict(database).is_whole
    tamper(database, statement)
    verdict = whole_verdict(database)
    assert verdict.broken_at is None
    assert verdict.untold == (2 if "request_id" in statement else 1)
    assert not verdict.is_whole


def test_numbers_have_no_gap_whatever_is_rolled_back(database: Database) -> None:
    """A counter of the database's own is not given back."""
    for _ in range(3):
        note(database, Action.REQUESTED)
        with suppress(RuntimeError), database.transaction() as session:
            audit.record(session, Action.APPROVED, at=NOON)
            before_commit(session, _fail, last=True)
    with database.reading() as session:
        assert [row.id for row in audit.rows(session)] == [1, 2, 3]


def test_the_chain_is_locked_after_all_that_a_transaction_does(database: Database) -> None:
    rows_so_far = []

    def look(session: Session) -> None:
        rows_so_far.append(len(session.exec(select(AuditRow)).all()))

    with database.transaction() as session:
        audit.record(session, Action.APPROVED, at=NOON)
        before_commit(session, look)
    assert rows_so_far == [0]


def _fail(session: Session) -> NoReturn:
    session.flush()
    raise RuntimeError("after the audit's rows were written")


def test_rows_are_logged_with_their_anchors_once_they_are_there_to_stay(
    database: Database,
) -> None:
    with capture_logs() as logged:
        note(database, Action.REQUESTED)
        with suppress(RuntimeError), database.transaction() as session:
            audit.record(session, Action.APPROVED, at=NOON)
            before_commit(session, _fail, last=True)
        note(database, Action.ENDED)
    anchors = [parse_anchor(entry["anchor"]) for entry in logged if entry["event"] == "audit"]
    assert [anchor.number for anchor in anchors] == [1, 2]
    with database.reading() as session:
        assert audit.verify_chain(session, expected=anchors).is_whole


def test_gaps_from_before_are_closed_by_the_migration(empty_database: Database) -> None:
    schema.upgrade(empty_database, "0005")
    digest = GENESIS
    facts = {"at": NOON.isoformat(), "action": "request.made", "actor": "U0RITA", "cluster": ""}
    made = text(
        "INSERT INTO audit (id, at, action, actor, cluster, request_id, detail, digest) VALUES "
        "(:id, :at, 'request.made', 'U0RITA', '', NULL, '{}', :digest)"
    )
    with empty_database.engine.begin() as connection:
        for number in (1, 2, 34, 35, 67):
            digest = digest_of(digest, {**facts, "request_id": None, "detail": {}})
            at = NOON.replace(tzinfo=None) if empty_database.is_sqlite else NOON
            connection.execute(made, {"id": number, "at": str(at), "digest": digest})
    schema.upgrade(empty_database)
    note(empty_database, Action.ENDED)
    with empty_database.reading() as session:
        assert [row.id for row in audit.rows(session)] == [1, 2, 3, 4, 5, 6]
    assert verdict_of(empty_database) == (6, None)
    with (
        pytest.raises(DBAPIError, match="append-only"),
        empty_database.engine.begin() as connection,
    ):
        connection.execute(text("UPDATE audit SET actor = 'U0EVE'"))


def test_rows_are_found_by_time_cluster_person_and_source(database: Database) -> None:
    with database.transaction() as session:
        asked = requests.add(
            session,
            examples.request(
                id=requests.NEXT, requester="U0RITA", created_at=NOON, lapses_at=NOON + HOUR
            ),
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
