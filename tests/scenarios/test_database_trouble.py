"""The database is away, or lets people wait: whatever they do, they read that."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.slack.inbound import ack_deadline
from bot.slack.limits import ACK_SECONDS
from tests.scenarios.forms import opened
from tests.scenarios.world import ALICE, IP, RITA, World

AWAY = "dbaccess can't reach its database"
SLOW = "doesn't answer"
FILLED = {"Cluster": "orders", "Source IP": IP, "Duration": "2h"}


@contextmanager
def without(world: World, table: str) -> Iterator[None]:
    """Let a table be missing, which on SQLite is as good as a database that is away."""
    with world.service.components.database.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO elsewhere")
    yield
    with world.service.components.database.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE elsewhere RENAME TO {table}")


@contextmanager
def busy(world: World) -> Iterator[None]:
    """Let somebody else write all the time, and acknowledge as early as the bot really does."""
    other = sqlite3.connect(
        str(world.service.components.database.url.database), isolation_level=None
    )
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ack_deadline, "_SECONDS", ACK_SECONDS - 1)
            yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_command_is_answered_with_a_sentence_while_the_database_is_away(world: World) -> None:
    with without(world, "grants"):
        assert AWAY in world.slack.command(RITA, "list", channel_id="C0GENERAL").text
    assert AWAY not in world.types(RITA, "list").text


@pytest.mark.parametrize("button", ["Approve", "Deny"])
def test_a_press_that_cannot_be_written_down_is_told_to_who_pressed(
    world: World, button: str
) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    with without(world, "requests" if button == "Deny" else "jobs"):
        assert world.slack.click(ALICE, world.card, button).error is None
        world.eventually(lambda: world.whispered(ALICE))
    assert AWAY in world.whispered(ALICE)[-1]
    world.presses(ALICE, world.card, "Approve")
    assert f"ip_addr:{IP}" in world.sources()


def test_a_form_stays_open_until_it_can_be_taken_in(world: World) -> None:
    opened(world)
    with without(world, "jobs"):
        answer = world.slack.submit(RITA, FILLED)
    assert [AWAY in sentence for sentence in answer.errors.values()] == [True]
    assert world.slack.submit(RITA).errors == {}
    world.settle()
    assert IP in world.card.all_text


def test_what_takes_longer_than_slack_waits_is_answered_afterwards(world: World) -> None:
    world.granted()
    with busy(world):
        answer = world.slack.command(RITA, "revoke 1", channel_id="C0GENERAL")
    assert SLOW in answer.text
    world.eventually(lambda: SLOW not in world.whispered(RITA)[-1])
    assert "#1" in world.whispered(RITA)[-1]
    world.settle()
    assert world.grant().state == "ended"


def test_a_form_that_was_taken_in_late_and_is_sent_again_counts_once(world: World) -> None:
    opened(world)
    with busy(world):
        late = world.slack.submit(RITA, FILLED)
    assert [SLOW in sentence for sentence in late.errors.values()] == [True]
    world.eventually(lambda: world.rows()["JobRow"])
    world.slack.submit(RITA)
    world.settle()
    assert world.rows()["RequestRow"] == 1
