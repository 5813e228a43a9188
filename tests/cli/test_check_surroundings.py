"""`dbaccess check` of the database, the public address and the clocks."""

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.domain.findings import Level
from bot.store.database import Database
from tests.cli.breaking import Break, clocks, env, nothing, ocean_clock, slack_down
from tests.cli.examining import FirstHour

OK, HINT, FAULT = Level.OK, Level.HINT, Level.FAULT


@pytest.mark.parametrize(
    ("broken", "level", "what", "words"),
    [
        # the surroundings
        (
            env(DATABASE_URL="postgresql://bot@127.0.0.1:1/x"),
            FAULT,
            "database",
            "is DATABASE_URL right, and is it up",
        ),
        (env(DATABASE_URL="sqlite:///nowhere/x.db"), FAULT, "database", "no folder nowhere"),
        (nothing, OK, "database", "`dbaccess serve` makes it"),
        (nothing, HINT, "public address", "DBACCESS_PUBLIC_URL is not set"),
        (env(DBACCESS_PUBLIC_URL="http://127.0.0.1:1"), HINT, "public address", "start dbaccess"),
        (
            env(DBACCESS_PUBLIC_URL="https://dbaccess.invalid"),
            FAULT,
            "public address",
            "nobody knows dbaccess.invalid",
        ),
        (
            env(DBACCESS_PUBLIC_URL="https://dbaccess.invalid"),
            HINT,
            "proxies",
            "set DBACCESS_TRUSTED_PROXIES",
        ),
        (env(DBACCESS_PUBLIC_URL="http://d.invalid"), HINT, "public address", "is not https"),
        (nothing, OK, "clock", "agrees with Slack's"),
        (clocks(-120), HINT, "clock", "ahead of Slack's: from 300 s on"),
        (clocks(400), FAULT, "clock", "behind Slack's: Slack's requests will be refused"),
        (ocean_clock, HINT, "clock", "ahead of DigitalOcean's"),
        (slack_down, FAULT, "slack token", "Slack cannot be reached"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_is_wrong_around_dbaccess_is_told_with_its_mend(
    hour: FirstHour, broken: Break, level: Level, what: str, words: str
) -> None:
    broken(hour)

    hour.tells(level, what, words)


def test_whoever_answers_at_the_public_address_has_to_be_dbaccess(hour: FirstHour) -> None:
    """The sandbox Slack answers there, and it is not."""
    hour.env["DBACCESS_PUBLIC_URL"] = hour.slack.url

    hour.tells(FAULT, "public address", "and not as dbaccess")


def test_p8_secrets_that_everybody_may_read_are_a_fault_with_the_line_to_type(
    hour: FirstHour,
) -> None:
    file = hour.place.folder / ".env"
    file.touch(mode=0o644)
    file.chmod(0o644)
    hour.tells(FAULT, ".env", "everybody may read it (0644): type `chmod 600 .env`")

    file.chmod(0o640)
    assert ".env" not in {found.what for found in hour.findings()}


def test_a_database_that_others_may_read_is_a_hint_with_the_line_to_type(hour: FirstHour) -> None:
    file = hour.place.folder / "dbaccess.db"
    Database(f"sqlite:///{file}").reading().__enter__().connection()
    hints = [one.words for one in hour.findings() if one.level is HINT and one.what == "database"]
    assert hints == []

    file.chmod(0o644)
    hour.tells(HINT, "database", f"everybody may read it (0644): type `chmod 600 {file}*`")
    file.chmod(0o640)
    hour.tells(HINT, "database", "its group may read it (0640)")


COMMANDS = (
    ["serve"], ["web"], ["worker"], ["migrate"], ["check"], ["grants"], ["revoke", "1"],
    ["reconcile"], ["audit"], ["audit", "verify"], ["report", "--out", "report.html"],
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "url", ["postgresql://bot:horse@hunter2@127.0.0.1:1/x", "sqlite://", "postgresql://a:1,b:1/x"]
)
def test_p8_no_command_shows_a_piece_of_a_database_url_that_cannot_be_used(
    hour: FirstHour, command: list[str], url: str
) -> None:
    hour.env["DATABASE_URL"] = url

    said = CliRunner().invoke(app, command, env=hour.place.env | hour.env)

    assert said.exit_code == 1
    assert isinstance(said.exception, SystemExit)
    assert "DATABASE_URL" in said.output
    assert "hunter2" not in said.output
    assert "horse" not in said.output


@pytest.mark.parametrize("command", [["grants"], ["audit", "verify"], ["migrate"]], ids=" ".join)
def test_p8_what_a_driver_repeats_of_a_password_is_cut_out(
    hour: FirstHour, command: list[str]
) -> None:
    hour.env["DATABASE_URL"] = "postgresql://bot:db-hunter2@db-hunter2.invalid:1/x"

    said = CliRunner().invoke(app, command, env=hour.place.env | hour.env)

    assert said.exit_code == 1
    assert "database:" in said.output
    assert "hunter2" not in said.output


def test_several_hosts_of_which_none_answers_are_one_line(hour: FirstHour) -> None:
    hour.env["DATABASE_URL"] = "postgresql://bot:hunter2@/x?host=127.0.0.1:1&host=127.0.0.2:1"
    hour.tells(FAULT, "database", "is DATABASE_URL right, and is it up")

    said = CliRunner().invoke(app, ["grants"], env=hour.place.env | hour.env)

    assert said.exit_code == 1
    assert said.output.count("\n") == 1
