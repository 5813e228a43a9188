"""Personal fields of audit rows are erased, and the database lets nothing else be changed."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from bot.database_url import database_url
from bot.domain.audit_actions import Action
from bot.domain.audit_chain import GENESIS, Anchor, Keyring, Stretch, Verdict, digest_of
from bot.domain.audit_link import Link
from bot.domain.erasure import ERASED
from bot.store import audit, erasure, schema
from bot.store.audit_entries import Entry
from bot.store.database import Database
from bot.store.tables import AuditRow
from tests.storage import Storage

NOON = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = b"k" * 32
ASKED: dict[str, Any] = {"source": "203.0.113.4", "duration": "2h", "reason": "a night job"}


@pytest.fixture
def keyed(storage: Storage, database: Database) -> Iterator[Database]:
    """The same database, opened by a process that has the key."""
    keyed = Database(database_url(storage.url), Keyring((KEY,)))
    yield keyed
    keyed.close()


def ask(database: Database, *, at: datetime = NOON, **detail: Any) -> None:
    with database.transaction() as session:
        audit.record(
            session,
            Action.REQUESTED,
            at=at,
            cluster="orders",
            actor="U0RITA",
            request_id=7,
            **{**ASKED, **detail},
        )


def erase(database: Database, before: datetime, *, most: int = 100) -> int:
    with database.transaction() as session:
        erased = erasure.erase_audit(session, before, most=most)
        detail: dict[str, Any] = {"before": before.isoformat(), "rows": erased, "requests": 0}
        audit.record(session, Action.ERASED, at=NOON + 9 * HOUR, **detail)
    return erased


def verdict_of(database: Database, *expected: Anchor) -> Verdict:
    with database.reading() as session:
        return audit.verify_chain(session, expected=expected)


def newest_anchor(database: Database) -> Anchor:
    with database.reading() as session:
        newest = audit.newest(session)
    return Anchor(newest.number, newest.digest)


def entries(database: Database) -> list[Entry]:
    with database.reading() as session:
        return list(audit.rows(session))


def test_a_row_is_read_as_it_was_written_and_once_erased_without_who_where_and_why(
    database: Database,
) -> None:
    ask(database)
    ask(database, at=NOON + HOUR)

    assert erase(database, NOON + HOUR) == 1

    gone, there, erasing = entries(database)
    assert (there.actor, there.detail, there.erased) == ("U0RITA", ASKED, frozenset())
    assert (gone.actor, gone.detail) == (ERASED, {"duration": "2h"})
    assert gone.erased == {"actor", "source", "reason"}
    assert (gone.cluster, gone.request_id, gone.at) == ("orders", 7, NOON)
    assert erasing.detail == {"before": (NOON + HOUR).isoformat(), "rows": 1, "requests": 0}
    assert erasing.erased == frozenset()


def test_the_chain_holds_with_key_and_anchors_and_tells_what_is_erased(keyed: Database) -> None:
    for hours in range(4):
        ask(keyed, at=NOON + hours * HOUR)
    noted = newest_anchor(keyed)

    erase(keyed, NOON + 2 * HOUR)

    verdict = verdict_of(keyed, noted)
    assert verdict.is_whole
    assert (verdict.erased, verdict.erased_before) == (2, NOON + 2 * HOUR)


def test_who_erases_by_hand_is_found(database: Database) -> None:
    for hours in range(3):
        ask(database, at=NOON + hours * HOUR)
    erase(database, NOON + HOUR)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET personal = NULL WHERE id = 3"))

    verdict = verdict_of(database)

    assert verdict.unrecorded == (range(3, 4),)
    assert not verdict.is_whole


def test_what_is_erased_and_its_salt_are_nowhere_any_more(
    database: Database, storage: Storage
) -> None:
    ask(database, approvers=["U0ALICE"])
    with database.reading() as session:
        personal = session.get_one(AuditRow, 1).personal or {}
    secrets = [text for salt, value in personal.values() for text in (salt, str(value))]
    assert {"U0RITA", "203.0.113.4"} <= set(secrets)
    assert all(secret in storage.everything() for secret in secrets if "[" not in secret)

    erase(database, NOON + HOUR)

    if database.is_sqlite:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    everything = storage.everything()
    assert [secret for secret in secrets if secret in everything] == []


def tamper(database: Database, statement: str) -> None:
    with database.engine.begin() as connection:
        if database.is_sqlite:
            connection.execute(text("DROP TRIGGER audit_has_no_update"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET personal = '{}' WHERE id = 2",
        "UPDATE audit SET personal = '\"U0EVE\"' WHERE id = 2",
        'UPDATE audit SET personal = \'{"actor": ["00", "U0EVE"]}\' WHERE id = 2',
        "UPDATE audit SET personal = (SELECT personal FROM audit WHERE id = 1) WHERE id = 2",
        "UPDATE audit SET commitments = (SELECT commitments FROM audit WHERE id = 1) WHERE id = 2",
        "UPDATE audit SET commitments = '{}', personal = NULL WHERE id = 2",
        "UPDATE audit SET commitments = '5', personal = NULL WHERE id = 2",
        "UPDATE audit SET commitments = '[5]' WHERE id = 2",
        "UPDATE audit SET personal = '5' WHERE id = 2",
        'UPDATE audit SET personal = \'{"actor": 5, "source": [5]}\' WHERE id = 2',
        "UPDATE audit SET format = 1 WHERE id = 2",
        "UPDATE audit SET format = 3 WHERE id = 2",
    ],
)
def test_a_forged_field_is_found_and_nothing_crashes(database: Database, statement: str) -> None:
    for _ in range(3):
        ask(database)
    tamper(database, statement)

    verdict = verdict_of(database)

    assert not verdict.is_whole
    assert verdict.broken_at == 2 or verdict.unrecorded == (range(2, 3),)
    assert [row.id for row in entries(database)] == [1, 2, 3]


CHANGES = {
    "id": "99",
    "at": "'2026-11-25 12:00:01'",
    "action": "'x'",
    "actor": "'U0EVE'",
    "cluster": "'x'",
    "request_id": "NULL",
    "detail": "'{}'",
    "digest": "'x'",
    "key": "'x'",
    "format": "1",
    "commitments": "'{}'",
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_row_that_was_changed_in_any_column_is_found(database: Database, column: str) -> None:
    for _ in range(3):
        ask(database)
    assert verdict_of(database).is_whole
    tamper(database, f"UPDATE audit SET {column} = {CHANGES[column]} WHERE id = 2")  # noqa: S608

    verdict = verdict_of(database)

    assert not verdict.is_whole
    assert verdict.broken_at in (2, 3, 99) or verdict.unchecked == (Stretch(2, 2, "x"),)


def test_rows_are_stored_as_their_digests_cover_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nothing need be parsed to verify them, which takes most of the time."""
    ask(database, approvers=["U0ALICE"], reason="für die Nacht", at_most=None, count=3)
    ask(database, at=NOON.replace(microsecond=0))
    monkeypatch.delattr(Link, "_as_parsed")
    assert verdict_of(database).is_whole


def test_json_that_was_written_in_another_form_says_the_same(database: Database) -> None:
    ask(database)
    tamper(database, 'UPDATE audit SET detail = \'{  "duration": "2h"}\'')
    assert verdict_of(database).is_whole


@pytest.mark.parametrize("column", CHANGES)
@pytest.mark.parametrize("erasing", ["", "personal = NULL, "])
def test_the_database_lets_nothing_be_changed_but_erased(
    database: Database, column: str, erasing: str
) -> None:
    columns = {one.name for one in SQLModel.metadata.tables["audit"].columns}
    assert columns - set(CHANGES) == {"personal"}, "the trigger must name each column"
    statement = f"UPDATE audit SET {erasing}{column} = {CHANGES[column]}"  # noqa: S608
    ask(database)
    with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
        connection.execute(text(statement))
    assert verdict_of(database).is_whole
    assert entries(database)[0].detail == ASKED


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET personal = '{}'",
        "UPDATE audit SET personal = personal",
        "DELETE FROM audit",
    ],
)
def test_the_database_lets_personal_fields_be_erased_only(
    database: Database, statement: str
) -> None:
    ask(database)
    with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
        connection.execute(text(statement))
    erase(database, NOON + HOUR)
    with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
        connection.execute(text(statement))


def test_several_erase_at_once_and_each_row_counts_once(database: Database) -> None:
    with database.transaction() as session:
        for number in range(60):
            audit.record(session, Action.CANCELLED, at=NOON, actor=f"U{number}")
    erased: list[int] = []

    def work() -> None:
        while done := erase(database, NOON + HOUR, most=7):
            erased.append(done)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(erased) == 60
    assert max(erased) == 7
    verdict = verdict_of(database)
    assert verdict.is_whole
    assert verdict.erased == 60


@pytest.mark.parametrize("key", [None, KEY], ids=["unsigned", "signed"])
def test_rows_from_before_the_migration_stay_verifiable_and_cannot_be_erased(
    empty_database: Database, storage: Storage, key: bytes | None
) -> None:
    schema.upgrade(empty_database, "0013")
    keyring = Keyring((key,) if key else ())
    digest = GENESIS
    made = text(
        "INSERT INTO audit (id, at, action, actor, cluster, detail, digest, key) VALUES "
        "(:id, :at, 'request.made', 'U0RITA', '', '{\"reason\": \"why\"}', :digest, :key)"
    )
    facts = {"at": NOON.isoformat(), "action": "request.made", "actor": "U0RITA", "cluster": ""}
    at = NOON.replace(tzinfo=None) if empty_database.is_sqlite else NOON
    with empty_database.engine.begin() as connection:
        for number in (1, 2, 3):
            digest = digest_of(
                digest, {**facts, "request_id": None, "detail": {"reason": "why"}}, key
            )
            row = {"id": number, "at": str(at), "digest": digest, "key": keyring.current}
            connection.execute(made, row)
    schema.upgrade(empty_database)
    opened = Database(database_url(storage.url), keyring)
    ask(opened)

    assert erase(opened, NOON + HOUR) == 1, "the new one"

    assert verdict_of(opened, Anchor(3, digest)).is_whole
    assert entries(opened)[0].detail == {"reason": "why"}
    with opened.reading() as session:
        left = erasure.erasable(session, NOON + HOUR, NOON, NOON)
    assert (left.rows, left.fixed) == (0, 3)
    with (
        pytest.raises(DBAPIError, match="append-only"),
        opened.engine.begin() as connection,
    ):
        connection.execute(text("UPDATE audit SET personal = NULL WHERE id = 1"))
    opened.close()


def test_somebody_finds_all_that_names_them(database: Database) -> None:
    ask(database)
    ask(database, approvers=["U0ALICE"])
    with database.transaction() as session:
        audit.record(session, Action.CANCELLED, at=NOON, actor="U0ALICE")
    with database.reading() as session:
        assert [row.id for row in audit.rows(session, person="U0ALICE")] == [2, 3]
        assert [row.id for row in audit.rows(session, person="U0RITA")] == [1, 2]
