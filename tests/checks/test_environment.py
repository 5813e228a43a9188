"""`dbaccess check` of the environment: the database, the public address, the clocks."""

from datetime import UTC, datetime

import pytest

from bot.checks.findings import Level
from bot.domain.audit_actions import Action
from bot.domain.audit_chain import Keyring, name_of_key
from bot.store import audit, schema
from bot.store.database import Database
from tests.checks.breaking import Break, clocks, env, nothing, ocean_clock, slack_down
from tests.checks.operator_folder import Operator

OK, HINT, FAULT = Level.OK, Level.HINT, Level.FAULT


@pytest.mark.parametrize(
    ("broken", "level", "what", "words"),
    [
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
    operator: Operator, broken: Break, level: Level, what: str, words: str
) -> None:
    broken(operator)

    operator.tells(level, what, words)


def test_whoever_answers_at_the_public_address_has_to_be_dbaccess(
    operator: Operator,
) -> None:
    """The sandbox Slack answers there, and it is not."""
    operator.env["DBACCESS_PUBLIC_URL"] = operator.slack.url

    operator.tells(FAULT, "public address", "and not as dbaccess")


def test_p8_secrets_that_everybody_may_read_are_a_fault_with_the_line_to_type(
    operator: Operator,
) -> None:
    file = operator.place.folder / ".env"
    file.touch(mode=0o644)
    file.chmod(0o644)
    operator.tells(FAULT, ".env", "everybody may read it (0644): type `chmod 600 .env`")

    file.chmod(0o640)
    assert ".env" not in {found.what for found in operator.findings()}


def test_a_database_that_others_may_read_is_a_hint_with_the_line_to_type(
    operator: Operator,
) -> None:
    file = operator.place.folder / "dbaccess.db"
    Database(f"sqlite:///{file}").reading().__enter__().connection()
    hints = [
        one.words for one in operator.findings() if one.level is HINT and one.what == "database"
    ]
    assert hints == []

    file.chmod(0o644)
    operator.tells(HINT, "database", f"everybody may read it (0644): type `chmod 600 {file}*`")
    file.chmod(0o640)
    operator.tells(HINT, "database", "its group may read it (0640)")


def test_several_database_hosts_of_which_none_answers_are_one_finding(operator: Operator) -> None:
    operator.env["DATABASE_URL"] = "postgresql://bot:hunter2@/x?host=127.0.0.1:1&host=127.0.0.2:1"

    operator.tells(FAULT, "database", "is DATABASE_URL right, and is it up")


def test_a_secret_in_a_file_that_everybody_may_read_is_a_hint(operator: Operator) -> None:
    file = operator.place.folder / "signing secret"
    file.write_text(operator.slack.signing_secret)
    file.chmod(0o600)
    operator.env |= {"SLACK_SIGNING_SECRET": "", "SLACK_SIGNING_SECRET_FILE": str(file)}
    assert "secrets" not in {one.what for one in operator.findings()}

    file.chmod(0o644)

    operator.tells(HINT, "secrets", f"everybody on this machine may read '{file}'")


def test_an_old_signing_secret_beside_the_new_one_is_a_hint(operator: Operator) -> None:
    assert "signing secret" not in {one.what for one in operator.findings()}

    operator.env["SLACK_SIGNING_SECRET"] = f"{'a' * 32},{operator.slack.signing_secret}"

    operator.tells(HINT, "signing secret", "an old one is accepted, too: take it out")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-1-2-3", "That is a user token. Paste the Bot User OAuth Token."),
        ("SLACK_SIGNING_SECRET", "abc", "That is something else. Paste the Signing Secret"),
        ("SLACK_APP_TOKEN", "xoxb-1-2-3", "That is the bot token. Paste the App-Level Token."),
        ("DIGITALOCEAN_TOKEN", "xoxb-1-2-3", "That is the bot token. Paste the token from API"),
    ],
)
def test_a_secret_of_another_kind_is_named_as_init_does(
    operator: Operator, variable: str, value: str, words: str
) -> None:
    operator.env[variable] = value

    operator.tells(FAULT, "environment", f"{variable} does not fit. {words}")
    assert (OK, "complete") not in {(one.level, one.words) for one in operator.findings()}


def test_a_key_that_signed_rows_of_the_audit_and_is_not_at_hand_is_a_hint(
    operator: Operator,
) -> None:
    old, new = "old-" * 8, "new-" * 8
    url = f"sqlite:///{operator.place.folder / 'dbaccess.db'}"
    sign(url, old)
    operator.env["DBACCESS_AUDIT_KEY"] = f"{new},{old}"
    assert "audit" not in {one.what for one in operator.findings()}

    operator.env["DBACCESS_AUDIT_KEY"] = new
    words = f"signed with {name_of_key(old.encode())}, which DBACCESS_AUDIT_KEY lacks"
    operator.tells(HINT, "audit", words)
    sign(url, new)
    operator.tells(HINT, "audit", words)


def sign(url: str, key: str) -> None:
    """Write a row of the audit with that key, as a process does that has no other."""
    database = Database(url, Keyring((key.encode(),)))
    schema.upgrade(database)
    with database.transaction() as session:
        audit.record(session, Action.APPROVED, at=datetime.now(UTC))
    database.close()
