"""The receiver of docs/stream.md, run as it stands there, finds what it says that it finds."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.database_url import database_url
from bot.domain.audit_chain import Keyring, parse_anchor
from bot.store import audit, erasure, stream
from bot.store.database import Database
from bot.stream.receiver import NotTaken, Receiver, send_ping
from bot.stream.replay import delivered_from, send_again
from tests.storage import SqliteStorage
from tests.stream.senders import Sender
from tests.stream.siem import KEY, OLD_KEY, SECRET, free_port
from tests.waiting import eventually

PAGE = (Path(__file__).parents[2] / "docs" / "stream.md").read_text()
AUDIT_KEY = "a key of the audit, which is long enough"


def block(start: str) -> str:
    found = re.search(rf"^```{start}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


QUESTIONS = [one.strip() for one in re.split(r"^-- .*$", block("sql"), flags=re.MULTILINE) if one]
NOT_WHOLE, TWICE, OUT_OF_LINE, GAP = (one for one in QUESTIONS if one)


class Documented:
    """It runs in a process of its own."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.port = free_port()
        self._folder = folder
        (folder / "receiver.py").write_text(block('python title="receiver.py"'))
        self.process = subprocess.Popen(
            [sys.executable, "receiver.py"],
            cwd=folder,
            env={"SECRET": SECRET, "PORT": str(self.port), **env},
            stderr=subprocess.DEVNULL,
        )
        self.url = f"http://127.0.0.1:{self.port}/"

    def is_there(self) -> bool:
        with closing(Receiver(self.url)) as receiver:
            try:
                receiver.reach()
            except Exception:
                return False
        return True

    def ask(self, question: str) -> list[Any]:
        with closing(sqlite3.connect(self._folder / "rows.db")) as rows:
            return [one for (one,) in rows.execute(question)]

    @property
    def faults(self) -> dict[str, list[int]]:
        found = {one: self.ask(one) for one in (NOT_WHOLE, TWICE, OUT_OF_LINE, GAP)}
        return {one: numbers for one, numbers in found.items() if numbers}

    @property
    def numbers(self) -> list[int]:
        return self.ask("SELECT number FROM rows ORDER BY number, rowid")


BOTH = pytest.mark.parametrize("key", ["", AUDIT_KEY], ids=["plain", "keyed"])


@pytest.fixture
def key() -> str:
    """The audit's, which this receiver has, too."""
    return AUDIT_KEY


@pytest.fixture
def documented(tmp_path: Path, key: str) -> Iterator[Documented]:
    documented = Documented(tmp_path, AUDIT_KEY=key)
    try:
        eventually(documented.is_there)
        yield documented
    finally:
        documented.process.kill()
        documented.process.wait()


@pytest.fixture
def sender(tmp_path: Path, key: str, documented: Documented) -> Iterator[Sender]:
    storage = SqliteStorage(tmp_path)
    storage.prepare()
    database = Database(database_url(storage.url), Keyring((key.encode(),)) if key else Keyring())
    with closing(database), closing(Sender(database, documented.url)) as sender:
        yield sender


def tamper(database: Database, statement: str) -> None:
    """As the database's owner can, once the triggers are gone."""
    with database.engine.begin() as connection:
        triggers = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        connection.execute(text(statement))
        for _, sql in triggers:
            connection.exec_driver_sql(sql)


@BOTH
def test_it_keeps_what_comes_and_finds_nothing_wrong(
    sender: Sender, documented: Documented
) -> None:
    sender.clock.advance(days=-400)
    sender.write(3, reason="the nightly job")
    sender.clock.advance(days=400)
    sender.write()
    with sender.database.transaction() as session:  # erased before it is delivered
        erasure.erase_audit(session, sender.clock.now() - timedelta(days=365), most=2)

    sender.send()

    with sender.database.reading() as session:
        count = audit.newest(session).number
    assert documented.numbers == list(range(1, count + 1))
    assert documented.faults == {}


def test_a_test_event_and_a_replay_leave_it_as_it_is(
    sender: Sender, documented: Documented
) -> None:
    sender.write(3)
    sender.send()
    with closing(Receiver(documented.url)) as receiver:
        send_ping(receiver, (KEY,), "prod")
        with sender.database.reading() as session:
            rows = delivered_from(session, 1)
        sent = list(send_again(rows, sender.database, receiver, (KEY,), "prod", sender.clock))

    assert sent == documented.numbers
    assert documented.faults == {}


def test_a_wrong_secret_gets_nothing_in(sender: Sender, documented: Documented) -> None:
    with closing(Receiver(documented.url)) as receiver, pytest.raises(NotTaken, match="401"):
        send_ping(receiver, (OLD_KEY,), "prod")
    assert documented.numbers == []


@BOTH
def test_a_row_that_was_changed_before_it_was_delivered_is_found(
    sender: Sender, documented: Documented
) -> None:
    sender.write(3)
    tamper(sender.database, "UPDATE audit SET cluster = 'billing' WHERE id = 2")
    sender.send()
    assert documented.faults == {NOT_WHOLE: [2]}


def test_a_person_who_was_changed_before_it_was_delivered_is_found(
    sender: Sender, documented: Documented
) -> None:
    sender.write(3)
    tamper(
        sender.database,
        "UPDATE audit SET personal = replace(personal, 'U0RITA', 'U0EVE') WHERE id = 2",
    )
    sender.send()
    assert documented.faults == {NOT_WHOLE: [2]}


def test_a_row_that_was_removed_before_it_was_delivered_is_found(
    sender: Sender, documented: Documented
) -> None:
    sender.write(3)
    sender.send()
    sender.write(3)
    tamper(sender.database, "DELETE FROM audit WHERE id = 5")
    sender.send()
    assert documented.faults.pop(GAP)
    assert documented.faults.keys() <= {GAP, NOT_WHOLE}


def test_a_cursor_that_was_moved_leaves_a_gap(sender: Sender, documented: Documented) -> None:
    sender.write(3)
    sender.send()
    sender.write(3)
    with sender.database.transaction() as session:
        rows = stream.rows(session, 5, most=1)
        stream.save(session, sender.cursor(), stream.Cursor(5, rows[0].digest))
    sender.send()
    assert documented.faults == {GAP: [6]}


def test_an_audit_that_was_changed_after_it_was_delivered_is_named_by_its_newest_row(
    sender: Sender, documented: Documented, key: str
) -> None:
    """Rewritten with digests that fit, as whoever has database and key can."""
    sender.write(3)
    sender.send()
    [anchor] = documented.ask(
        "SELECT number || ':' || digest FROM rows ORDER BY number DESC LIMIT 1"
    )
    tamper(sender.database, "DELETE FROM audit")
    sender.clock.advance(minutes=1)
    sender.write(4)

    with sender.database.reading() as session:
        verdict = audit.verify_chain(session, expected=[parse_anchor(anchor)])
    assert verdict.missing == (parse_anchor(anchor),)
    with capture_logs():
        sender.send()
    assert TWICE in documented.faults
