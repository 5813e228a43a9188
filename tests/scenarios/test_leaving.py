"""Somebody leaves: all that they had ends at once, and nothing of anybody else."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from bot.domain.lifecycle import RequestState
from bot.store.tables import HomeRow
from dbaccess_playground.faults import Fault
from tests.scenarios.world import (
    ALICE,
    ANALYTICS,
    APPROVALS,
    BOB,
    IP,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]
TRUSTED = f"ip_addr:{IP}"
OTHER_IP = "203.0.113.5"
OTHER_TRUSTED = f"ip_addr:{OTHER_IP}"
OLD = "198.51.100.7"
BOTH = {"orders": {"id": ORDERS}, "analytics": {"id": ANALYTICS}}


def leaves(world: World, user: str) -> None:
    """Deactivate an account; Slack tells the bot."""
    world.slack.deactivate_user(user)
    world.settle()


def leaves_unheard(world: World, user: str) -> None:
    """Deactivate an account; the event is lost."""
    world.slack.deactivate_user(user, tell_bot=False)
    world.settle()


def looked_up(world: World, user: str) -> int:
    """How many times Slack was asked about somebody."""
    calls = [call for call in world.slack.calls if call.method == "users.info"]
    return sum(call.args["user"] == user for call in calls)


def homes(world: World) -> list[str]:
    with world.service.components.database.reading() as session:
        return sorted(row.user_id for row in session.exec(select(HomeRow)))


def test_the_access_of_somebody_who_leaves_ends_at_once(worlds: Worlds) -> None:
    world = worlds(policy(BOTH))
    world.granted(f"request {IP} 2h orders")
    card = world.card
    world.granted(f"request {IP} 1h analytics")

    leaves(world, RITA)

    assert TRUSTED not in world.sources()
    assert TRUSTED not in world.sources(ANALYTICS)
    assert {(g.state, g.end_reason, g.revoked_by) for g in world.grants()} == {
        ("ended", "revoked", "departed")
    }
    thread = world.slack.thread(APPROVALS, card.ts)
    assert "account deactivated" in thread[-1].text
    assert ("grant.ending", "departed") in world.audited()


def test_access_that_is_being_applied_ends_too(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.digitalocean.faults.add(Fault.status(503, times=None))
    world.presses(ALICE, world.card, "Approve")
    assert world.grant().state == "applying"

    leaves(world, RITA)
    world.digitalocean.faults.clear()
    world.pass_time(minutes=5)

    assert TRUSTED not in world.sources()
    assert world.grant().state == "ended"


def test_what_somebody_who_leaves_asked_for_is_withdrawn(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    before = world.card

    leaves(world, RITA)

    assert world.request().state is RequestState.CANCELLED
    assert world.card.buttons == []
    assert "cancelled* by dbaccess (account deactivated)" in world.card.text
    world.presses(ALICE, before, "Approve")
    assert world.grants() == []
    assert TRUSTED not in world.sources()


def test_nobody_elses_access_is_touched(world: World) -> None:
    world.granted()
    world.granted(f"request {IP} 1h orders", to=OSCAR)
    world.granted(f"request {OTHER_IP} 1h orders", to=OSCAR)

    leaves(world, RITA)

    assert {TRUSTED, OTHER_TRUSTED} <= world.sources()
    assert [grant.state for grant in world.grants()] == ["ended", "active", "active"]


def test_rules_that_an_approver_adopted_stay_on_their_timers(world: World) -> None:
    world.adopts(ALICE, f"adopt orders {OLD} 1w")
    world.types(ALICE, f"request {IP} 2h orders")
    world.presses(BOB, world.card, "Approve")

    leaves(world, ALICE)

    assert world.sources() == {f"ip_addr:{OLD}", "tag:backend"}
    assert [grant.state for grant in world.grants()] == ["active", "ended"]
    world.pass_time(weeks=1)
    assert f"ip_addr:{OLD}" not in world.sources()


def test_their_home_is_forgotten(world: World) -> None:
    world.granted()
    for user in (RITA, ALICE):
        world.slack.open_home(user)
    world.settle()

    leaves(world, RITA)

    assert homes(world) == [ALICE]


def test_the_home_of_somebody_who_left_unheard_is_forgotten_when_it_is_to_be_drawn(
    world: World,
) -> None:
    world.slack.open_home(ALICE)
    world.settle()
    leaves_unheard(world, ALICE)
    world.restart(minutes=2)  # so that Slack is asked anew who she is

    world.types(RITA, f"request {IP} 2h orders")

    assert homes(world) == []


def test_the_home_of_somebody_whom_slack_does_not_know_is_forgotten(world: World) -> None:
    world.slack.event({"type": "app_home_opened", "user": "U0NOBODY", "tab": "home"})
    world.settle()

    assert homes(world) == []


def test_a_repeated_event_changes_nothing_more(world: World) -> None:
    world.granted()
    leaves(world, RITA)
    before = world.footprint()

    answers = world.slack.replay(3, at_once=True)
    world.settle()

    assert [answer.status for answer in answers] == [200] * 3
    assert world.footprint() == before


@pytest.mark.parametrize(
    "user",
    [{"id": RITA, "deleted": False}, {"id": RITA}, {"id": RITA, "deleted": "true"}, {}, None, []],
)
def test_a_change_that_is_no_departure_ends_nothing(world: World, user: Any) -> None:
    world.granted()

    answer = world.slack.event({"type": "user_change", "user": user})
    world.settle()

    assert answer.status == 200
    assert TRUSTED in world.sources()


def test_p8_a_forged_departure_is_refused(world: World) -> None:
    world.granted()
    event = {"type": "user_change", "user": {"id": RITA, "deleted": True}}
    body = json.dumps({"type": "event_callback", "event": event}).encode()
    as_json = {"Content-Type": "application/json"}

    unsigned = world.slack.send_raw(body, as_json)
    signature = world.slack.signed(body + b" ")
    forged = world.slack.send_raw(body, {**as_json, **signature})
    world.settle()

    assert [unsigned.status, forged.status] == [401, 401]
    assert TRUSTED in world.sources()


# The safety net: the event is lost


def test_who_left_while_the_bot_was_away_is_noticed_when_it_is_back(world: World) -> None:
    world.granted()
    world.types(RITA, f"request {OTHER_IP} 1h orders")
    leaves_unheard(world, RITA)
    assert TRUSTED in world.sources()

    world.restart(minutes=2)

    assert TRUSTED not in world.sources()
    assert world.grant().revoked_by == "departed"
    assert world.request(2).state is RequestState.CANCELLED


def test_a_departure_that_nobody_told_of_is_noticed_within_the_hour(world: World) -> None:
    world.granted(f"request {IP} 8h orders")
    leaves_unheard(world, RITA)

    world.pass_time(hours=1)

    assert TRUSTED not in world.sources()


def test_each_holder_is_looked_up_once_an_hour_and_one_at_a_time(world: World) -> None:
    for last, user in enumerate((RITA, OSCAR), start=1):
        world.granted(f"request 203.0.113.{last} 8h orders", to=user)
    world.granted("request 203.0.113.3 8h orders", to=RITA)
    before = {user: looked_up(world, user) for user in (RITA, OSCAR)}

    world.pass_time(hours=1)
    assert sum(looked_up(world, user) - before[user] for user in before) == 1
    for _ in range(10):
        world.pass_time(seconds=1)

    assert {user: looked_up(world, user) - before[user] for user in before} == {RITA: 1, OSCAR: 1}
    assert len(world.sources()) == 5


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(503, target="users.info", times=None),
        Fault.status(429, retry_after=30, target="users.info", times=None),
        Fault.half_body(target="users.info", times=None),
    ],
    ids=["503", "429", "half-body"],
)
def test_a_directory_that_does_not_answer_ends_nothing_and_is_asked_again(
    world: World, fault: Fault
) -> None:
    world.granted(f"request {IP} 8h orders")
    leaves_unheard(world, RITA)
    world.slack.faults.add(fault)
    before = looked_up(world, RITA)

    world.pass_time(hours=1)
    world.pass_time(seconds=40)
    assert looked_up(world, RITA) - before <= 1, "it was asked for patience"
    world.pass_time(seconds=1)
    assert TRUSTED in world.sources()

    world.slack.faults.clear()
    world.pass_time(minutes=1)
    assert TRUSTED not in world.sources()
