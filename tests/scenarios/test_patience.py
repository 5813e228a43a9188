"""Nothing is given up for time that passed while it could not be tried at all."""

from datetime import timedelta

from sqlmodel import select

from bot.store.jobs import PATIENCE, Kind
from bot.store.tables import JobRow
from bot.worker.stored_jobs import PROBE_SECONDS
from dbaccess_playground.faults import Fault
from tests.scenarios.test_stuck_jobs import given_up, refuses, waiting
from tests.scenarios.world import ALICE, APPROVALS, IP, OSCAR, RITA, World

LONG = PATIENCE[Kind.MESSAGE] + timedelta(days=1)


def busy_for_a_moment() -> Fault:
    return Fault.status(429, retry_after=2, target="chat.postMessage", times=3)


def test_what_was_held_for_days_survives_a_busy_moment_afterwards(world: World) -> None:
    world.slack.faults.add(refuses("token_revoked"))
    world.types(RITA, f"request {IP} 2h orders")
    world.types(OSCAR, "request 203.0.113.9 2h orders")
    world.pass_time(seconds=LONG.total_seconds())
    world.slack.faults.clear()
    world.slack.faults.add(Fault.slow(0.0, target="chat.postMessage"))  # one is taken...
    world.slack.faults.add(busy_for_a_moment())  # ...and all others follow at once
    for _ in range(5):
        world.pass_time(minutes=1)

    assert given_up(world) == []
    assert waiting(world) == []
    assert len(world.slack.messages(APPROVALS, replies=False)) == 2


def test_what_waited_while_the_bot_was_down_for_days_survives_a_busy_moment_too(
    world: World,
) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.faults.add(Fault.status(503, target="chat.", times=None))
    world.presses(ALICE, world.card, "Approve")
    world.slack.faults.clear()
    world.slack.faults.add(busy_for_a_moment())
    world.restart(seconds=LONG.total_seconds())
    for _ in range(5):
        world.pass_time(minutes=1)

    assert given_up(world) == []
    assert waiting(world) == []


def test_what_fails_all_the_time_ends_with_its_patience(world: World) -> None:
    world.slack.faults.add(Fault.status(503, target="chat.", times=None))
    world.types(RITA, f"request {IP} 2h orders")
    with world.service.components.database.transaction() as session:
        for row in session.exec(select(JobRow)):
            row.deadline = world.clock.now() + timedelta(minutes=5)  # three days have passed
            session.add(row)
    for _ in range(60):
        world.pass_time(seconds=10)

    assert "request:1" not in {job.about for job in waiting(world)}
    assert "internal_error" in {job.error for job in given_up(world)}


def test_messages_that_never_heal_do_not_prolong_a_hold(world: World) -> None:
    """The app was installed again, but nobody invited it into the channels again."""
    world.slack.faults.add(refuses("token_revoked"))
    for number in range(5):
        world.types(RITA, f"request 203.0.113.{number + 10} 2h orders")
    world.slack.faults.clear()
    world.slack.add_channel(APPROVALS, "db-approvals", bot_is_member=False)
    world.pass_time(seconds=PROBE_SECONDS)

    assert len(given_up(world)) == 5
    assert waiting(world) == []
