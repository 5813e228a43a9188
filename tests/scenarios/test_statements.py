"""How often the database is asked: as often as there are things to ask, and no more."""

import pytest

from bench.statements import statements
from tests.scenarios.world import IP, RITA, World

pytestmark = pytest.mark.both_databases


def _of_postgresql(world: World, *names: str) -> list[str]:
    return [] if world.service.components.database.is_sqlite else list(names)


def test_a_request_is_acknowledged_with_ten_statements(world: World) -> None:
    database = world.service.components.database

    with statements(database) as sent:
        answer = world.slack.command(RITA, f"request {IP} 2h orders", channel_id="C0GENERAL")

    assert "Request #1 sent" in answer.text
    assert sent == [
        "SELECT requests",  # was this very interaction carried out already?
        *_of_postgresql(world, "SELECT pg_advisory_xact_lock"),  # nobody asks twice at once
        "SELECT grants",  # what is open on the cluster
        "SELECT requests",  # what this person waits for
        "SELECT clusters",  # whether it has room, and what its rules let in already
        "INSERT requests",
        "SELECT grants",  # what this person had there before
        "INSERT jobs",  # the card
        "SELECT homes",  # whose Home shows it
        *_of_postgresql(world, "SELECT pg_advisory_xact_lock"),  # the audit's rows are in order
        "SELECT audit",  # the row before
        "INSERT audit",
    ]


def test_a_command_that_waits_for_slack_is_acknowledged_with_one_statement(world: World) -> None:
    world.forget(RITA)

    with statements(world.service.components.database) as sent:
        world.slack.command(RITA, f"request {IP} 2h orders", channel_id="C0GENERAL")

    assert sent == ["INSERT jobs"]
