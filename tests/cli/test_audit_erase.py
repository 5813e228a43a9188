"""`dbaccess audit erase`: personal data from before a time goes, and the audit still holds."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.clock import SystemClock
from bot.domain.audit_actions import Action
from bot.domain.erasure import ERASED
from bot.domain.lifecycle import RequestState
from bot.store import audit, requests
from bot.store.database import Database
from tests.domain import examples

DAY = timedelta(days=1)
POLICY = """
instance = "prod"
operators = "C0OPS"
[defaults]
channel = "C0APPROVALS"
approvers = ["U0ALICE"]
[clusters.orders]
id = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
"""


@pytest.fixture
def database(empty_database: Database, tmp_path: Path) -> Database:
    """Rita's requests of a hundred, fifty and no days ago, each withdrawn at once."""
    (tmp_path / "dbaccess.toml").write_text(POLICY)
    for days in (100, 50, 0):
        withdrawn(empty_database, SystemClock().now() - days * DAY)
    return empty_database


def withdrawn(database: Database, at: datetime) -> None:
    with database.transaction() as session:
        made = examples.request(
            id=requests.NEXT,
            requester="U0RITA",
            reason="a night job",
            created_at=at,
            decided_at=at,
            lapses_at=at + DAY,
            state=RequestState.CANCELLED,
        )
        number = requests.add(session, made).id
        for action, why in ((Action.REQUESTED, {"reason": "a night job"}), (Action.CANCELLED, {})):
            audit.record(session, action, at=at, actor="U0RITA", request_id=number, **why)


def typed(*words: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, ["audit", *words], input=answer)


def requesters(database: Database) -> list[str]:
    with database.reading() as session:
        found = [requests.look_at(session, number) for number in (1, 2, 3)]
    return [one.requester for one in found if one]


def test_it_says_what_it_would_erase_and_asks_back(database: Database) -> None:
    declined = typed("erase", "--before", "60d", answer="n\n")

    assert declined.exit_code == 1
    assert "in 2 rows of the audit and 1 request? It cannot be restored. [y/N]" in declined.stdout
    assert requesters(database) == ["U0RITA"] * 3
    assert typed("erase", "--before", "60d").exit_code == 1, "there is nobody to answer"
    assert requesters(database) == ["U0RITA"] * 3


@pytest.mark.parametrize(("words", "answer"), [(["--yes"], None), ([], "y\n")])
def test_it_erases_records_who_typed_it_and_the_audit_holds(
    database: Database, words: list[str], answer: str | None
) -> None:
    done = typed("erase", "--before", "60d", *words, answer=answer)

    assert done.exit_code == 0, done.output
    assert "in 2 rows of the audit and 1 request." in done.stdout
    assert requesters(database) == [ERASED, "U0RITA", "U0RITA"]
    with database.reading() as session:
        *_, row = audit.rows(session)
    assert (row.action, row.actor) == (Action.ERASED, "operator")
    assert (row.detail["rows"], row.detail["requests"]) == (2, 1)
    assert row.detail["operator"]["account"]
    whole = typed("verify")
    assert whole.exit_code == 0, whole.output
    assert "Personal fields are erased in 2 rows. On record: those before " in whole.stdout
    again = typed("erase", "--before", "60d")
    assert (again.exit_code, "No personal data from before" in again.stdout) == (0, True)


def test_erased_fields_are_shown_plainly_in_each_form(database: Database) -> None:
    del database
    typed("erase", "--before", "60d", "--yes")

    row = json.loads(typed("--format", "jsonl").stdout.splitlines()[0])
    assert (row["actor"], row["detail"], row["erased"]) == (ERASED, {}, ["actor", "reason"])
    for form in ("csv", "table"):
        line = typed("--format", form).stdout.splitlines()[1].replace('""', '"')
        assert " erased " in line.replace(",", " ")
        assert 'reason="erased"' in line
        assert "U0RITA" not in line
    assert "U0RITA" in typed("--format", "csv").stdout
    rest = typed("--person", "U0RITA", "--format", "jsonl").stdout.splitlines()
    assert len(rest) == 4


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("soon", "Can't read `soon` as a time. Use 2026-11-25T14:00 or 30d."),
        ("", "Can't read `` as a time. Use 2026-11-25T14:00 or 30d."),
        ("2999-01-01", "`2999-01-01` is in the future. --before takes a time that has passed."),
    ],
)
def test_what_is_no_time_that_has_passed_erases_nothing(
    database: Database, before: str, said: str
) -> None:
    refused = typed("erase", "--before", before, "--yes")

    assert refused.exit_code == 1
    assert refused.output == f"{said}\n"
    assert typed("erase").exit_code == 2
    assert requesters(database) == ["U0RITA"] * 3


def test_what_was_erased_by_hand_is_named(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET personal = NULL WHERE id IN (2, 3, 6)"))

    found = typed("verify")

    assert found.exit_code == 1
    assert "Rows 2 to 3: personal fields are erased, and no erasure on record" in found.stderr
    assert "Row 6: personal fields are erased" in found.stderr


def test_verify_says_what_the_policy_has_erased(database: Database, tmp_path: Path) -> None:
    policy = f'{POLICY}\n[retention]\npersonal = "30d"\n'
    (tmp_path / "dbaccess.toml").write_text(policy)
    typed("erase", "--before", "60d", "--yes")
    with database.reading() as session:
        assert audit.verify_chain(session).is_whole

    said = typed("verify").stdout

    before = (SystemClock().now() - 30 * DAY).strftime("%Y-%m-%d")
    assert f"those from before {before} UTC are erased. Rows that still have theirs: 2." in said
