"""An approver may give less time than was asked for, in the same click."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.lifecycle import RequestState
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.deciding import asked, assert_refused, assert_undecided
from tests.scenarios.world import ALICE, BOB, IP, OSCAR, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]
HALF_AN_HOUR = timedelta(minutes=30)
LESS = "approve_for"


def approves_for(world: World, user: str, message: Message, choice: str) -> None:
    world.slack.click(user, message, LESS, value=choice)
    world.settle()


def lasts(world: World, number: int = 1) -> timedelta:
    grant = world.grant(number)
    return grant.expires_at - grant.approved_at


def test_an_approver_gives_less_time_than_was_asked_for(world: World) -> None:
    approves_for(world, ALICE, asked(world), "Approve for 30m")

    assert lasts(world) == HALF_AN_HOUR
    assert f"approved* by <@{ALICE}>" in world.card.text
    assert "30m instead of 2h" in world.card.text
    assert "for 30m instead of 2h" in world.told(RITA)[0]
    world.pass_time(minutes=30)
    assert world.grant().end_reason == "expired"


def test_only_shorter_times_are_offered(world: World) -> None:
    world.types(RITA, f"request {IP} 1h orders")
    menu = next(
        e for b in world.card.blocks for e in b.get("elements", []) if e["type"] == "static_select"
    )

    assert [o["text"]["text"] for o in menu["options"]] == [
        "Approve for 5m",
        "Approve for 15m",
        "Approve for 30m",
    ]


def test_nothing_shorter_is_offered_than_the_policy_allows(worlds: Worlds) -> None:
    world = worlds(policy(min_duration="1h"))
    world.types(RITA, f"request {IP} 1h orders")
    assert not [
        e for b in world.card.blocks for e in b.get("elements", []) if e["type"] == "static_select"
    ]


def test_of_several_approvers_the_shortest_time_counts(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    approves_for(world, ALICE, asked(world), "Approve for 30m")
    assert world.request().state is RequestState.PENDING

    world.presses(BOB, world.card, "Approve")

    assert lasts(world) == HALF_AN_HOUR


def test_an_extension_can_be_shortened_too(world: World) -> None:
    world.granted()
    world.types(RITA, "extend 1 2h")

    approves_for(world, BOB, world.card, "Approve for 30m")

    assert lasts(world) == timedelta(hours=2, minutes=30)
    assert "extended by 30m" in world.told(RITA)[-1]


def test_p4_who_may_not_approve_may_not_approve_for_less(world: World) -> None:
    approves_for(world, OSCAR, asked(world), "Approve for 30m")
    assert_refused(world, OSCAR, "not an approver")


@pytest.mark.parametrize("value", ["1:1", "1:999999", "1", "x:1800", "2:1800"])
def test_a_forged_time_is_not_granted(world: World, value: str) -> None:
    card = asked(world)
    menu = next(
        e for b in card.blocks for e in b.get("elements", []) if e["type"] == "static_select"
    )
    menu["options"][0]["value"] = value

    approves_for(world, ALICE, card, value)

    assert_undecided(world)
