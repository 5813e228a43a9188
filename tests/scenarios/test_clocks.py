"""Clocks that were wrong: grants end at the time that was shown, and nothing waits for its return.

A machine's clock is set back by an hour in the middle of a grant, or runs a day ahead for a while.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import apscheduler.executors.base
import apscheduler.schedulers.base
import apscheduler.triggers.interval
import pytest

import bot.worker.scheduler
from dbaccess_playground.calls import Call
from dbaccess_playground.digitalocean.clusters import Change
from dbaccess_playground.faults import Fault
from tests.scenarios.deciding import TRUSTED, asked
from tests.scenarios.world import ALICE, APPROVALS, IP, ORDERS, RITA, World, policy
from tests.waiting import come_to_rest

Worlds = Callable[[dict[str, Any]], World]

pytestmark = pytest.mark.both_databases

DAY = timedelta(days=1)


def count(said: list[str], words: str) -> int:
    return sum(words in one for one in said)


# Set back in the middle of a grant.


def test_a_grant_ends_at_the_time_that_was_shown_though_the_clock_was_set_back(
    world: World,
) -> None:
    """P3, P6."""
    world.granted()
    ends_at = world.grant().expires_at
    world.pass_time(hours=1)

    world.pass_time(hours=-1)

    assert world.grant().expires_at == ends_at
    world.pass_time(hours=1, minutes=59, seconds=59)
    assert TRUSTED in world.sources()
    world.pass_time(seconds=1)
    assert TRUSTED not in world.sources()
    assert world.grant().state == "ended"
    assert count(world.told(RITA), "has ended") == 1


def test_no_end_is_announced_twice_though_its_time_comes_twice(world: World) -> None:
    world.granted()
    world.pass_time(hours=1, minutes=51)
    assert count(world.told(RITA), "ends soon") == 1

    world.pass_time(hours=-1)
    world.pass_time(hours=1)

    assert count(world.told(RITA), "ends soon") == 1
    assert world.audited().count(("grant.warned", "dbaccess")) == 1


@pytest.mark.parametrize("step", [timedelta(hours=1), DAY])
def test_a_request_can_be_decided_after_the_clock_was_set_back(
    world: World, step: timedelta
) -> None:
    card = asked(world)

    world.pass_time(hours=-step / timedelta(hours=1))
    world.presses(ALICE, card, "Approve")

    assert TRUSTED in world.sources()
    assert world.grant().expires_at - world.clock.now() == timedelta(hours=2)


# A day ahead for a while.


def test_p3_whoever_was_ended_by_a_clock_that_ran_ahead_stays_ended_and_may_ask_again(
    world: World,
) -> None:
    world.granted()
    world.pass_time(days=1)
    assert TRUSTED not in world.sources()

    world.pass_time(days=-1)

    assert TRUSTED not in world.sources()
    assert count(world.told(RITA), "has ended") == 1
    world.granted()
    assert TRUSTED in world.sources()
    world.pass_time(hours=2)
    assert TRUSTED not in world.sources()
    assert [grant.state for grant in world.grants()] == ["ended", "ended"]


def test_p3_a_removal_that_failed_while_the_clock_ran_ahead_is_tried_again_at_once(
    world: World,
) -> None:
    world.granted()
    world.digitalocean.faults.add(Fault.status(500, times=None, target=ORDERS))
    world.pass_time(days=1)
    assert world.grant().state == "removing"
    world.digitalocean.faults.clear()

    world.pass_time(days=-1)

    assert world.grant().state == "ended"
    assert TRUSTED not in world.sources()


def test_p3_the_operators_hear_of_trouble_that_began_while_the_clock_ran_ahead(
    world: World,
) -> None:
    world.granted()
    world.digitalocean.faults.add(Fault.status(500, times=None, target=ORDERS))
    world.pass_time(days=1)

    world.clock.advance(days=-1)
    for _ in range(12):
        world.pass_time(minutes=10)

    assert world.operators()
    world.digitalocean.faults.clear()


def test_p6_a_message_that_was_put_off_while_the_clock_ran_ahead_comes_at_once(
    world: World,
) -> None:
    world.clock.advance(days=1)
    world.slack.faults.add(Fault.status(500, target="chat.postMessage"))
    world.types(RITA, f"request {IP} 2h orders")
    assert world.slack.messages(APPROVALS) == []

    world.pass_time(days=-1)

    assert len(world.slack.messages(APPROVALS)) == 1


def test_p6_a_channel_that_was_busy_while_the_clock_ran_ahead_is_not_silent_for_a_day(
    worlds: Worlds,
) -> None:
    world = worlds(policy(max_open_requests=20, max_live_grants=20))
    world.clock.advance(days=1)
    for number in range(5, 25):
        world.types(RITA, f"request 203.0.113.{number} 2h orders")

    world.clock.advance(days=-1)
    for _ in range(30):
        world.pass_time(seconds=1)

    assert len(world.slack.messages(APPROVALS, replies=False)) == 20


def test_a_rule_that_somebody_takes_away_later_is_not_put_back_by_what_a_wrong_clock_wrote(
    world: World,
) -> None:
    world.clock.advance(days=1)
    world.granted()
    world.pass_time(days=-1)
    world.digitalocean.remove_rule(ORDERS, "ip_addr", IP)

    for _ in range(15):
        world.pass_time(minutes=5)

    assert TRUSTED not in world.sources()
    assert world.grant().end_reason == "removed_outside"


def test_a_review_is_brought_up_again_though_the_clock_ran_ahead(
    worlds: Callable[[dict[str, Any]], World],
) -> None:
    emergency = {"requesters": [RITA], "max_duration": "30m"}
    world = worlds(policy({"orders": {"id": ORDERS, "emergency": emergency}}))
    world.clock.advance(days=1)
    world.types(RITA, f"emergency {IP} 30m orders all is lost")
    world.eventually(lambda: world.slack.modal(RITA))
    world.slack.submit(RITA, {})
    world.settle()
    assert TRUSTED in world.sources()

    world.pass_time(days=-1)

    assert ("request.reminded", "dbaccess") in world.audited()


# Between a read and the write upon it.


@pytest.mark.parametrize(("asleep", "awake"), [(40, 0), (-40, 40)], ids=["slept", "set back"])
def test_p1_nothing_is_written_upon_a_list_that_is_old_by_either_clock(
    world: World, asleep: int, awake: int
) -> None:
    """A machine that sleeps counts no seconds; a wall clock that is set back tells none."""
    slept: list[Call] = []
    written: list[Change] = []

    def hear(event: Call | Change) -> None:
        if isinstance(event, Change):
            written.append(event)
        elif event.method == "GET" and not slept:
            slept.append(event)
            world.clock.suspend(seconds=asleep)
            world.clock.advance(seconds=awake)

    card = asked(world)
    unsubscribe = world.digitalocean.subscribe(hear)
    world.presses(ALICE, card, "Approve")
    unsubscribe()

    assert slept
    assert written == []
    world.pass_time(minutes=1)
    assert TRUSTED in world.sources()


# The worker itself.


def test_p3_a_worker_wakes_though_the_wall_clock_was_set_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """APScheduler counts by the wall clock, and would sleep for an hour.

    That it is told is tested in `tests/worker`; here, that the end comes, one way or the other.
    """
    real = apscheduler.schedulers.base.datetime
    ahead = [timedelta(0)]

    class WallClock(real):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def]
            return real.now(tz) + ahead[0]

    for module in (
        apscheduler.executors.base,
        apscheduler.schedulers.base,
        apscheduler.triggers.interval,
        bot.worker.scheduler,
    ):
        monkeypatch.setattr(module, "datetime", WallClock)
    world.granted()
    with world.at_work():
        come_to_rest()
        ahead[0] = -timedelta(hours=1)
        come_to_rest(2)  # by now, APScheduler would be asleep

        world.clock.advance(hours=3)

        soon = 20  # the cluster's drift check wakes the worker after 30
        world.eventually(lambda: count(world.told(RITA), "has ended"), seconds=soon)
        assert TRUSTED not in world.sources()
