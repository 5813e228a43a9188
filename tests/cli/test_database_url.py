"""A database that cannot be used is one line for the operator, without a password (P8)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.config import Settings
from tests.pgbouncer import PgBouncer
from tests.postgresql import PostgresServer
from tests.processes import Place
from tests.storage import PostgresStorage


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """An environment in which nothing is missing, and nothing is the machine's."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path)
    with place.slack, place.digitalocean:
        yield place.env


COMMANDS = (
    ["serve"], ["web"], ["worker"], ["migrate"], ["check"], ["grants"], ["revoke", "1"],
    ["reconcile"], ["audit"], ["audit", "verify"], ["report", "--out", "report.html"],
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "url", ["postgresql://bot:horse@hunter2@127.0.0.1:1/x", "sqlite://", "postgresql://a:1,b:1/x"]
)
def test_p8_no_command_shows_a_piece_of_a_database_url_that_cannot_be_used(
    env: dict[str, str], command: list[str], url: str
) -> None:
    env["DATABASE_URL"] = url

    said = CliRunner().invoke(app, command, env=env)

    assert said.exit_code == (78 if command[0] in ("serve", "web", "worker") else 1)
    assert isinstance(said.exception, SystemExit)
    assert "DATABASE_URL" in said.output
    assert "hunter2" not in said.output
    assert "horse" not in said.output


@pytest.mark.parametrize("command", [["grants"], ["audit", "verify"], ["migrate"]], ids=" ".join)
def test_p8_what_a_driver_repeats_of_a_password_is_cut_out(
    env: dict[str, str], command: list[str]
) -> None:
    env["DATABASE_URL"] = "postgresql://bot:db-hunter2@db-hunter2.invalid:1/x"

    said = CliRunner().invoke(app, command, env=env)

    assert said.exit_code == 1
    assert "database:" in said.output
    assert "hunter2" not in said.output


def test_several_database_hosts_of_which_none_answers_are_one_line(env: dict[str, str]) -> None:
    env["DATABASE_URL"] = "postgresql://bot:hunter2@/x?host=127.0.0.1:1&host=127.0.0.2:1"
    said = CliRunner().invoke(app, ["grants"], env=env)

    assert said.exit_code == 1
    assert said.output.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [["serve"], ["web"], ["worker"], ["check"], ["reconcile"], ["revoke", "1"]],
    ids=" ".join,
)
@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.usefixtures("pgbouncer")
def test_what_needs_a_lock_refuses_a_database_behind_a_pool_that_holds_none(
    tmp_path: Path, postgresql: PostgresServer, mode: str, command: list[str]
) -> None:
    place = Place(tmp_path, PostgresStorage(postgresql))
    place.storage.prepare()
    with place.slack, place.digitalocean, PgBouncer(postgresql, mode) as pool:
        done = place.run(*command, DATABASE_URL=pool.url(place.storage.url))

    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "direct connection, not a connection pool in transaction mode" in said
    assert "Traceback" not in said
