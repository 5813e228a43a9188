"""`dbaccess check` of the database, the public address and the clocks."""

import pytest

from bot.domain.findings import Level
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
