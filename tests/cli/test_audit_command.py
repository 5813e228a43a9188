"""`dbaccess audit`: what happened, by time, person and source, and whether it was changed."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import Result

from bot.clock import SystemClock
from bot.config import Settings
from bot.domain.sources import SourceType, TrustedSource
from bot.store import audit, requests, schema
from bot.store.audit import Action
from bot.store.database import Database
from tests.cli.test_command_line import run

HOUR = timedelta(hours=1)
HOME = TrustedSource(SourceType.IP_ADDR, "203.0.113.4")


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Rita's request, approved by Alice, and an alarm of another cluster a day ago."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "DIGITALOCEAN_TOKEN"):
        monkeypatch.setenv(name, "x")
    database = Database(f"sqlite:///{tmp_path / 'dbaccess.db'}")
    schema.upgrade(database)
    now = SystemClock().now()
    with database.transaction() as session:
        audit.record(session, Action.ALARMED, at=now - 24 * HOUR, cluster="analytics")
        asked = requests.add(
            session,
            cluster="orders",
            source=HOME,
            duration=HOUR,
            requester="U0RITA",
            reason="",
            created_at=now,
            lapses_at=now + HOUR,
        )
        for action, actor in ((Action.REQUESTED, "U0RITA"), (Action.APPROVED, "U0ALICE")):
            audit.record(
                session, action, at=now, actor=actor, cluster="orders", request_id=asked.id
            )
    return database


def actions(*options: str) -> list[str]:
    printed = run("audit", *options, "--format", "jsonl")
    assert printed.exit_code == 0, printed.output
    return [json.loads(line)["action"] for line in printed.stdout.splitlines()]


def verified(*options: str) -> Result:
    return run("audit", "verify", *options)


@pytest.mark.usefixtures("database")
def test_rows_are_found_by_time_person_cluster_and_source() -> None:
    assert actions() == ["cluster.alarmed", "request.made", "request.approved"]
    assert actions("--since", "1h") == ["request.made", "request.approved"]
    assert actions("--until", "1h") == ["cluster.alarmed"]
    assert actions("--person", "U0ALICE") == ["request.approved"]
    assert actions("--person", "U0RITA") == ["request.made", "request.approved"]
    assert actions("--cluster", "analytics") == ["cluster.alarmed"]
    assert actions("--source", "203.0.113.4") == ["request.made", "request.approved"]
    assert actions("--source", "198.51.100.7") == []


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("option", [("--since", "soon"), ("--source", "1.2.3.400")])
def test_what_makes_no_sense_is_a_fault_of_usage(option: tuple[str, str]) -> None:
    assert run("audit", *option).exit_code == 2


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("form", ["table", "csv"])
def test_it_is_printed_for_people_and_for_spreadsheets(form: str) -> None:
    lines = run("audit", "--format", form).stdout.splitlines()
    assert len(lines) == 4
    assert "actor" in lines[0]
    assert "U0ALICE" in lines[3]


def test_a_whole_audit_is_verified_and_its_digest_can_be_noted(database: Database) -> None:
    first = verified()
    assert first.exit_code == 0
    assert "The audit is whole: 3 rows" in first.stdout
    noted = first.stdout.split()[-1]
    with database.transaction() as session:
        audit.record(session, Action.ALL_CLEAR, at=SystemClock().now())

    assert verified("--holds", noted).exit_code == 0
    assert verified("--holds", "0" * 64).exit_code == 1
    assert "rows that were there are gone" in verified("--holds", "0" * 64).stderr


def test_the_first_broken_row_is_named(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_has_no_update"))
        connection.execute(text("UPDATE audit SET actor = 'U0EVE' WHERE id = 2"))

    broken = verified()

    assert broken.exit_code == 1
    assert "The audit is broken at row 2" in broken.stderr
    assert "Whole rows before it: 1." in broken.stderr
