"""How often the database is asked: as often as there are things to ask, and no more."""

from datetime import timedelta

import pytest

from bench.statements import statements
from tests.scenarios.world import ALICE, BOB, IP, ORDERS, RITA, World

TICK = timedelta(seconds=1)

pytestmark = pytest.mark.both_databases


def _of_postgresql(world: World, *names: str) -> list[str]:
    return [] if world.service.components.database.is_sqlite else list(names)


def test_a_request_is_acknowledged_with_nine_statements(world: World) -> None:
    database = world.service.components.database

    with statements(database) as sent:
        answer = world.slack.command(RITA, f"request {IP} 2h orders", channel_id="C0GENERAL")

    assert "Request #1 sent" in answer.text
    assert sent == [
        *_of_postgresql(world, "SELECT pg_advisory_xact_lock"),  # nobody asks twice at once
        "SELECT requests",  # was it carried out already, and what does this person wait for?
        "SELECT grants",  # what is open on the cluster
        "SELECT clusters",  # whether it has room, and what its rules let in already
        "INSERT requests",
        "SELECT requests",  # what this person had there before
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


def _of_pages(world: World) -> dict[str, list[str]]:
    """Return the statements by which Alice sees everything there is, and her Home."""
    sent = {}
    with statements(world.service.components.database) as sent["list all"]:
        world.slack.command(ALICE, "list all", channel_id="C0GENERAL")
    with statements(world.service.components.database) as sent["Home"]:
        world.slack.open_home(ALICE)
        world.settle()
    return sent


def test_a_page_of_many_requests_and_grants_takes_as_many_statements_as_one_of_few(
    world: World,
) -> None:
    world.introduce(ALICE)
    world.granted()
    world.types(BOB, "request 203.0.113.50 2h orders")
    few = _of_pages(world)

    world.granted("request 203.0.113.51 2h orders")
    for number in (52, 53):
        answer = world.types(BOB, f"request 203.0.113.{number} 2h orders")
        assert "sent" in answer.text
    many = _of_pages(world)

    assert many == few
    assert len(many["list all"]) <= 6


def test_a_tick_with_nothing_due_is_one_question(world: World) -> None:
    world.granted()
    world.pass_time(minutes=1)
    asked = {name for name, every in world.worker.intervals.items() if every <= TICK}

    with statements(world.service.components.database) as sent:
        world.worker.run_due()

    assert asked == {"next_due"}
    assert len(sent) == 1


def test_what_is_due_by_the_tables_is_done_at_the_tick_that_finds_it(world: World) -> None:
    """Each is also done once a minute, whatever the question says; here no minute passes."""
    world.granted(f"request {IP} 30m orders")
    world.clock.advance(minutes=20)
    while world.worker.run_due():
        pass
    assert "ends" in world.told(RITA)[-1]

    world.clock.advance(minutes=10)
    while world.worker.run_due():
        pass
    assert IP not in str(world.sources())


def _reconciled(world: World) -> list[str]:
    """Return what one reconcile asks, but for the lock, and for what other workers have called."""
    with statements(world.service.components.database) as sent:
        world.service.components.reconciler.reconcile(ORDERS)
    of_workers = ("pg_", "api_calls")
    return [name for name in sent if " " in name and not any(of in name for of in of_workers)]


def test_a_drift_check_that_finds_nothing_is_four_statements(world: World) -> None:
    world.pass_time(minutes=1)

    assert _reconciled(world) == [
        "SELECT clusters",
        "SELECT grants",  # what is lent there
        "SELECT clusters",  # as it is now, and whether somebody wants to adopt a rule
        "UPDATE clusters",
    ]


def test_access_is_opened_with_fifteen_statements(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.click(ALICE, world.card, "Approve")
    world.worker.run_periodic_job("command_queue")

    assert _reconciled(world) == [
        "SELECT clusters",
        "SELECT grants",
        "SELECT requests",  # what was approved is checked again
        "SELECT grants",  # nobody ended it meanwhile
        "UPDATE grants",  # it is about to be written
        "UPDATE clusters",
        *_ends_of_a_reconcile("UPDATE grants", "INSERT jobs", "INSERT jobs"),
    ]


def test_access_is_ended_with_thirteen_statements(world: World) -> None:
    world.granted(f"request {IP} 30m orders")
    world.clock.advance(minutes=30)
    world.worker.run_periodic_job("expiry")

    assert _reconciled(world) == [
        "SELECT clusters",
        "SELECT grants",
        "UPDATE clusters",  # it is about to be written
        *_ends_of_a_reconcile(
            "UPDATE grants",
            "INSERT jobs",  # its holder
            "INSERT jobs",  # below the card
            "SELECT requests",  # whose cards show it
        ),
    ]


def _ends_of_a_reconcile(*of_the_grant: str) -> list[str]:
    return [
        "SELECT clusters",
        "SELECT grants",  # as it is now
        *of_the_grant,
        "UPDATE clusters",
        "SELECT homes",
        "SELECT audit",  # the row before
        "INSERT audit",
    ]
