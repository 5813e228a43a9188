"""`dbaccess audit`: what happened, by time, person and source, and whether it was changed."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text
from typer.testing import Result

from bot.clock import SystemClock
from bot.config import Settings
from bot.domain.audit_actions import Action
from bot.domain.refusals.any_refusal import as_detail
from bot.domain.refusals.durations import TooLong
from bot.domain.sources import SourceType, TrustedSource
from bot.store import audit, requests
from bot.store.database import Database
from tests.cli.test_command_line import run
from tests.domain import examples

HOUR = timedelta(hours=1)
KEY = "5f3a" * 8
HOME = TrustedSource(SourceType.IP_ADDR, "203.0.113.4")


@pytest.fixture
def database(empty_database: Database) -> Database:
    """Rita's request, approved by Alice, and an alarm of another cluster a day ago."""
    now = SystemClock().now()
    with empty_database.transaction() as session:
        audit.record(session, Action.ALARMED, at=now - 24 * HOUR, cluster="analytics")
        asked = requests.add(
            session,
            examples.request(
                id=requests.NEXT, requester="U0RITA", created_at=now, lapses_at=now + HOUR
            ),
        )
        for action, actor in ((Action.REQUESTED, "U0RITA"), (Action.APPROVED, "U0ALICE")):
            audit.record(
                session, action, at=now, actor=actor, cluster="orders", request_id=asked.id
            )
    return empty_database


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
def test_what_is_no_source_is_a_fault_of_usage() -> None:
    assert run("audit", "--source", "1.2.3.400").exit_code == 2


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("option", ["--since", "--until"])
def test_what_is_no_time_says_what_to_write(option: str) -> None:
    refused = run("audit", option, "yesterday")

    assert refused.exit_code == 1
    said = "Can't read `yesterday` as a time. Use 2026-11-25T14:00 or 30d.\n"
    assert refused.output == said


@pytest.mark.usefixtures("database")
def test_a_cluster_that_nobody_knows_is_a_fault_and_the_nearest_is_offered() -> None:
    refused = run("audit", "--cluster", "order")

    assert refused.exit_code == 1
    assert refused.output == "There is no cluster order. Did you mean orders?\n"
    assert run("audit", "--cluster", "nope").exit_code == 1


@pytest.mark.usefixtures("empty_database")
def test_an_audit_without_rows_knows_no_cluster() -> None:
    assert run("audit", "--cluster", "nope", DBACCESS_CONFIG="none.toml").exit_code == 1


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("form", ["table", "csv"])
def test_it_is_printed_for_people_and_for_spreadsheets(form: str) -> None:
    lines = run("audit", "--format", form).stdout.splitlines()
    assert len(lines) == 4
    assert "actor" in lines[0]
    assert "U0ALICE" in lines[3]


@pytest.mark.parametrize("form", ["table", "csv"])
def test_people_read_why_something_was_refused_and_machines_its_code(
    form: str, database: Database
) -> None:
    why = as_detail(TooLong(asked=2 * HOUR, longest=HOUR))
    with database.transaction() as session:
        at = SystemClock().now()
        audit.record(session, Action.REFUSED, at=at, request_id=17, verdict="approve", **why)

    shown = run("audit", "--format", form).stdout
    assert "2h is too long. This cluster allows at most 1h." in " ".join(shown.split())
    row = json.loads(run("audit", "--format", "jsonl").stdout.splitlines()[-1])
    assert row["detail"] == {"verdict": "approve", **why}


def test_a_whole_audit_is_verified_and_its_digest_can_be_noted(database: Database) -> None:
    first = verified()
    assert first.exit_code == 0
    assert "The audit is whole: 3 rows" in first.stdout
    assert "No key is set" in first.stdout
    noted = first.stdout.split()[-1]
    with database.transaction() as session:
        audit.record(session, Action.ALL_CLEAR, at=SystemClock().now())

    assert verified("--expect", noted).exit_code == 0
    other = verified("--expect", noted, "--expect", "2:" + "0" * 64)
    assert other.exit_code == 1
    assert "Row 2 carries another digest than the one that was noted" in other.stderr
    beyond = verified("--expect", "9:" + "0" * 64)
    assert beyond.exit_code == 1
    assert "Row 9 is gone: the audit ends at row 4" in beyond.stderr
    assert verified("--expect", "0" * 64).exit_code == 2


def test_the_first_broken_row_is_named(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_has_no_update"))
        connection.execute(text("UPDATE audit SET actor = 'U0EVE' WHERE id = 2"))

    broken = verified()

    assert broken.exit_code == 1
    assert "The audit is broken at row 2" in broken.stderr
    assert "Whole rows before it: 1." in broken.stderr


def test_an_audit_from_which_everything_was_deleted_is_a_fault(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_has_no_delete"))
        connection.execute(text("DELETE FROM audit"))

    empty = verified()

    assert empty.exit_code == 1
    assert "The audit is empty, but requests were made" in empty.stderr


def test_with_a_key_it_says_which_rows_carry_it_and_finds_rows_without(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P8: the key itself is shown nowhere."""
    monkeypatch.setenv("DBACCESS_AUDIT_KEY", KEY)
    early = verified()
    assert early.exit_code == 1
    assert "Start dbaccess with that key and verify again" in early.stderr

    keyed = Database(str(database.url), Settings().audit_keys())  # type: ignore[call-arg]
    with keyed.transaction() as session:
        audit.record(session, Action.ALL_CLEAR, at=SystemClock().now())
    whole = verified()
    assert whole.exit_code == 0, whole.output
    assert "Rows 1 to 3: no key." in whole.stdout
    assert "Rows 4 to 5: key " in whole.stdout
    assert KEY not in whole.output

    with database.transaction() as session:
        audit.record(session, Action.ENDED, at=SystemClock().now())
    stripped = verified()
    assert stripped.exit_code == 1
    assert "Rows 6 to 7: no key, though rows before carry a newer one" in stripped.stderr
    assert verified("--accept", "6-").exit_code == 0

    monkeypatch.delenv("DBACCESS_AUDIT_KEY")
    without = verified()
    assert without.exit_code == 1
    assert "Rows 4 to 5: not checked" in without.stderr


@pytest.mark.usefixtures("database")
def test_a_key_that_could_be_guessed_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DBACCESS_AUDIT_KEY", f"{KEY},hunter2")
    refused = verified()
    assert refused.exit_code == 1
    assert "DBACCESS_AUDIT_KEY: each key must have at least 32 characters" in refused.stderr
    assert "hunter2" not in refused.output


def test_a_key_is_a_secret() -> None:
    """P8."""
    given = {"slack_bot_token": "x", "slack_signing_secret": "x", "digitalocean_token": "x"}
    settings = Settings(**given, dbaccess_audit_key=f"{KEY}, {'o' * 40}")  # type: ignore[arg-type]
    assert {KEY, "o" * 40} <= set(settings.secrets())
    assert KEY not in repr(settings)
