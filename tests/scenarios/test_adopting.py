"""adopt: old rules that somebody once added by hand leave by themselves."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.scenarios.world import (
    ALICE,
    APPROVALS,
    BOB,
    GITA,
    ORDERS,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]
OLD = "198.51.100.7"
TRUSTED = f"ip_addr:{OLD}"


def adopted(world: World, text: str = f"adopt orders {OLD} 1w", *, by: str = ALICE) -> None:
    world.types(by, text)


def description(world: World) -> str:
    return next(r["description"] for r in world.digitalocean.rules(ORDERS) if r["value"] == OLD)


def test_an_adopted_rule_stays_for_its_time_and_goes(world: World) -> None:
    adopted(world)

    assert "being put on a timer" in world.whispered(ALICE)[-1]
    assert "is on its timer" in world.told(ALICE)[-1]
    assert "put a rule on a timer" in world.card.text
    assert world.card.buttons == []
    assert "is on its timer" in world.thread()[0]
    assert description(world).startswith("dbaccess/test #1 until ")
    assert ("rule.adopted", ALICE) in world.audited()

    world.pass_time(days=6, hours=23)
    assert TRUSTED in world.sources()
    world.pass_time(hours=1)
    assert TRUSTED not in world.sources()
    assert world.grant().end_reason == "expired"
    assert "no longer trusts" in world.told(ALICE)[-1]


def test_who_adopts_is_told_a_day_before_it_goes(world: World) -> None:
    adopted(world)

    world.pass_time(days=5, hours=23)
    assert "goes soon" not in world.told(ALICE)[-1]
    world.pass_time(hours=2)

    assert "goes soon" in world.told(ALICE)[-1]
    assert world.slack.dms(ALICE)[-1].buttons == ["Extend", "Revoke now"]


def test_an_approver_gives_an_adopted_rule_more_time_without_a_second(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    adopted(world)

    world.types(BOB, "extend 1 1w")
    world.pass_time(days=8)

    assert TRUSTED in world.sources()
    assert "stays on its timer" in world.whispered(BOB)[-1]
    world.pass_time(days=6)
    assert TRUSTED not in world.sources()


def test_the_warnings_extend_gives_another_day(world: World) -> None:
    adopted(world)
    world.pass_time(days=6, hours=1)

    world.presses(ALICE, world.slack.dms(ALICE)[-1], "Extend")
    world.pass_time(days=1)

    assert TRUSTED in world.sources()


def test_revoking_removes_an_adopted_rule_at_once(world: World) -> None:
    adopted(world)
    world.types(BOB, "revoke 1")
    assert TRUSTED not in world.sources()


def test_a_rule_that_is_not_there_is_not_added(world: World) -> None:
    adopted(world, "adopt orders 203.0.113.99 1w")

    assert world.writes() == 0
    assert "could not be put on a timer" in world.told(ALICE)[-1]
    assert "/dbaccess sources orders" in world.told(ALICE)[-1]
    assert world.grant().end_reason == "failed"


@pytest.mark.parametrize("user", [RITA, GITA])
def test_p4_only_approvers_adopt(world: World, user: str) -> None:
    adopted(world, by=user)

    assert world.grants() == []
    assert "Only an approver" in world.whispered(user)[-1]
    assert f"<@{ALICE}>" in world.whispered(user)[-1]


def test_p1_the_rules_beside_an_adopted_one_are_untouched(world: World) -> None:
    before = [r for r in world.digitalocean.rules(ORDERS) if r["value"] != OLD]
    adopted(world)
    world.pass_time(days=8)
    assert world.digitalocean.rules(ORDERS) == before


def test_p2_the_guard_takes_the_place_of_the_last_adopted_rule(world: World) -> None:
    adopted(world)
    world.types(ALICE, "adopt orders tag:backend 1w")

    world.pass_time(days=8)

    assert world.sources() == {"ip_addr:192.0.2.1"}
    assert not world.digitalocean.ever_empty(ORDERS)


def test_a_rule_of_ours_is_on_a_timer_already(world: World) -> None:
    world.granted()
    adopted(world, "adopt orders 203.0.113.4 1w")
    assert "on a timer already: #1" in world.whispered(ALICE)[-1]


def test_a_rule_is_adopted_once(world: World) -> None:
    adopted(world)
    adopted(world, by=BOB)
    assert "on a timer already: #1" in world.whispered(BOB)[-1]


def test_the_guard_is_not_adopted(world: World) -> None:
    adopted(world, "adopt orders 192.0.2.1 1w")
    assert "guard rule" in world.whispered(ALICE)[-1]


@pytest.mark.parametrize("length", ["1m", "53w"])
def test_a_timer_is_neither_unnoticed_nor_for_ever(world: World, length: str) -> None:
    adopted(world, f"adopt orders {OLD} {length}")
    assert world.grants() == []
    assert "`10m` to `52w`" in world.whispered(ALICE)[-1]


def test_p6_an_adoption_that_is_delivered_twice_counts_once(world: World) -> None:
    adopted(world)
    world.slack.replay(2)
    world.settle()
    assert len(world.grants()) == 1
    assert len(world.slack.messages(APPROVALS, replies=False)) == 1


def test_p7_an_adopted_rule_keeps_its_timer_when_the_database_is_lost(world: World) -> None:
    adopted(world)
    world.lose_database(days=1)
    assert "Grants again" in world.operators()[-1]
    world.pass_time(days=6)
    assert TRUSTED not in world.sources()


def test_p5_somebody_who_borrows_an_adopted_source_keeps_it_until_their_own_end(
    world: World,
) -> None:
    adopted(world, f"adopt orders {OLD} 30m")
    world.types(RITA, f"request {OLD} 2h orders")
    world.presses(BOB, world.card, "Approve")

    world.pass_time(minutes=31)
    assert TRUSTED in world.sources()
    world.pass_time(hours=2)
    assert TRUSTED not in world.sources()
