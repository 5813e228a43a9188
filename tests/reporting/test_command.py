"""`dbaccess report` as an operator types it."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from bot import __version__
from bot.cli.app import app
from bot.domain.audit_actions import Action
from bot.reporting.facts import MOST_SHOWN
from bot.store import audit
from bot.store.database import Database
from bot.store.tables import GrantRow, RequestRow
from tests.reporting.many import lend

WEEK_AGO = timedelta(days=7)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["report", "--out", "report.html", *arguments])


def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def written(database: Database, *added: str, at: datetime, cluster: str = "orders") -> None:
    with database.transaction() as session:
        audit.record(
            session,
            Action.RULES_WRITTEN,
            at=at,
            cluster=cluster,
            added=list(added),
            removed=["tag:old"],
            certain=False,
        )


def test_a_quiet_month_makes_a_page_too(folder: Path) -> None:
    made = run()

    assert (made.exit_code, made.output) == (0, "report.html: 0 grants of 0 people\n")
    assert "Nobody had access in this period." in page(folder)
    assert "Nothing stands out in this period." in page(folder)


def test_a_rule_added_for_no_grant_on_record_is_named_and_the_guard_is_not(
    folder: Path, database: Database
) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    written(database, "203.0.113.99", "192.0.2.1", at=at)

    assert run().exit_code == 0
    assert "Rules added without access on record: 1" in page(folder)
    assert "Writes of a cluster's rules without a clear answer: 1" in page(folder)
    assert "removed: tag:old" in page(folder)


def test_what_is_outside_of_the_period_is_left_out(folder: Path, database: Database) -> None:
    lend(database, 10, since=datetime.now(UTC) - timedelta(days=10), days=5, people=3)
    since = (datetime.now(UTC) - WEEK_AGO).strftime("%Y-%m-%dT%H:%M")

    made = run("--since", since, "--until", "6d", "--cluster", "orders")

    numbers = re.findall(r'<tr id="grant-(\d+)"', page(folder))
    assert numbers == ["8"]  # one each 11 hours, those of even numbers on orders
    assert "report.html: 1 grant of 1 person\n" in made.output


def test_machines_are_no_people(folder: Path, database: Database) -> None:
    lend(database, 3, since=datetime.now(UTC) - timedelta(hours=3), days=0, people=3)
    machine = "github:repo:acme/shop:ref:refs/heads/main"
    with database.transaction() as session:
        session.get_one(GrantRow, 1).requester = machine
        session.get_one(RequestRow, 1).requester = machine

    made = run()

    assert "report.html: 3 grants of 2 people and 1 machine\n" in made.output
    assert f"machine {machine}" in page(folder)
    assert "<dt>Machines</dt><dd>1</dd>" in page(folder)


def test_a_broken_audit_is_said_loudly_and_the_page_is_made(
    folder: Path, database: Database
) -> None:
    for _ in range(3):
        written(database, at=datetime.now(UTC) - timedelta(hours=1))
    with database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_has_no_update"))
        connection.execute(text("UPDATE audit SET actor = 'nobody' WHERE id = 2"))

    made = run()

    assert made.exit_code == 1
    assert "The audit is broken at row 2." in made.output
    assert "THE AUDIT IS BROKEN at row 2." in page(folder)
    assert "The 1 rows before it" not in page(folder)
    assert "unbroken" not in page(folder)


def test_requests_that_the_audit_does_not_tell_of_are_said_loudly(
    folder: Path, database: Database
) -> None:
    """P6: the report says the same of the chain as `audit verify`."""
    lend(database, 1, since=datetime.now(UTC) - timedelta(hours=2), days=0, people=1)
    with database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_has_no_delete"))
        connection.execute(text("DELETE FROM audit"))

    made = run()

    assert made.exit_code == 1
    assert "The audit is empty, but requests were made: its rows were removed." in made.output
    assert "THE AUDIT IS NOT PROVEN" in page(folder)
    assert "The audit is empty, but requests were made" in page(folder)


def test_p8_the_page_is_for_its_owner_alone_a_replaced_one_too(folder: Path) -> None:
    usual = os.umask(0o022)
    try:
        run()
        assert (folder / "report.html").stat().st_mode & 0o777 == 0o600
        (folder / "report.html").chmod(0o644)
        run()
    finally:
        os.umask(usual)
    assert (folder / "report.html").stat().st_mode & 0o777 == 0o600


def test_who_revoked_at_the_terminal_is_named_with_account_and_host(
    folder: Path, database: Database
) -> None:
    lend(database, 1, since=datetime.now(UTC) - timedelta(hours=2), days=0, people=1)
    with database.transaction() as session:
        row = session.get_one(GrantRow, 1)
        row.revoked_by, row.end_reason = "operator", "revoked"
        audit.record(
            session,
            Action.ENDING,
            at=datetime.now(UTC) - timedelta(hours=1),
            request_id=1,
            actor="operator",
            operator={"account": "root", "login": "alice<b>", "host": "bastion"},
        )

    run()

    words = "an operator at the command line (root, logged in as alice&lt;b&gt;, on bastion)."
    assert words in page(folder)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--since", "yesterday"],
            "Can't read `yesterday` as a time. Use 2026-11-25T14:00 or 30d.",
        ),
        (["--since", "1h", "--until", "2h"], "--since must be before --until, and in the past."),
        (["--since", "2999-01-01"], "--since must be before --until, and in the past."),
        (["--cluster", "order"], "Did you mean orders?"),
        (["--out", "no/such/folder.html"], "No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    folder: Path, arguments: list[str], said: str
) -> None:
    made = run(*arguments)

    assert made.exit_code == 1
    assert said in made.output
    assert made.output.count("\n") == 1


def test_without_matplotlib_it_says_how_to_install_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "bot.reporting.drawing", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    made = run()

    assert made.exit_code == 1
    assert f"install './dbaccess-{__version__}-py3-none-any.whl[report]'" in made.output
    assert not (folder / "report.html").exists()


def test_no_other_command_imports_matplotlib() -> None:
    code = "import sys, bot.cli.app; sys.exit('matplotlib' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_clusters_that_do_not_answer_are_named(folder: Path) -> None:
    assert run("--live").exit_code == 0
    assert "orders could not be read:" in page(folder)
    assert "dop-secret" not in page(folder)


def test_a_great_many_grants_are_counted_and_the_table_is_cut(
    folder: Path, database: Database
) -> None:
    many = MOST_SHOWN + 500
    lend(database, many, since=datetime.now(UTC) - WEEK_AGO, days=6, people=50)

    made = run()

    assert f"{many} grants of 50 people" in made.output
    assert page(folder).count('<tr id="grant-') == MOST_SHOWN
    assert "500 more are not shown here." in page(folder)
    assert "dbaccess audit --since" in page(folder)
    emergencies = many // 37
    assert f"Nobody has reviewed {emergencies} of {emergencies}." in page(folder)
