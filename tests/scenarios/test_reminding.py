"""A request that waits is brought up once, at half of its time, and then lapses."""

from datetime import timedelta

from bot.domain.lifecycle import RequestState
from tests.scenarios.deciding import asked
from tests.scenarios.world import ALICE, BOB, RITA, World


def reminders(world: World) -> list[str]:
    return [words for words in world.thread() if "still needs" in words]


def test_the_approvers_are_reminded_at_half_of_the_time(world: World) -> None:
    asked(world)
    world.pass_time(hours=1, minutes=59)
    assert reminders(world) == []

    world.pass_time(minutes=1)

    assert len(reminders(world)) == 1
    assert f"<@{ALICE}> or <@{BOB}>" in reminders(world)[0]
    assert "Decide above" in reminders(world)[0]
    assert ("request.reminded", "dbaccess") in world.audited()


def test_they_are_reminded_once_and_then_it_lapses(world: World) -> None:
    asked(world)
    world.pass_time(hours=3)
    world.pass_time(minutes=59)
    assert len(reminders(world)) == 1

    world.pass_time(minutes=1)
    assert world.request().state is RequestState.LAPSED


def test_nobody_is_reminded_of_what_is_decided(world: World) -> None:
    world.presses(ALICE, asked(world), "Approve")
    world.pass_time(hours=2)
    assert reminders(world) == []


def test_a_reminder_that_fell_into_a_restart_is_given_after_it(world: World) -> None:
    asked(world)
    world.restart(hours=2, minutes=30)
    assert len(reminders(world)) == 1


def test_what_lapsed_while_the_bot_was_away_is_not_brought_up_again(world: World) -> None:
    asked(world)
    world.restart(hours=5)
    assert reminders(world) == []
    assert world.request().state is RequestState.LAPSED


def test_an_extension_is_brought_up_at_half_of_its_own_time(world: World) -> None:
    world.granted()
    world.types(RITA, "extend 1 1h")
    assert world.request(2).lapses_at - world.clock.now() == timedelta(hours=2)

    world.pass_time(hours=1)

    assert len(reminders(world)) == 1


def test_the_worker_wakes_for_a_reminder_by_itself(world: World) -> None:
    asked(world)
    world.service.stop()
    world.clock.advance(hours=2)
    world.boot()
    assert len(reminders(world)) == 1
