"""adopt: old rules that somebody once added by hand leave by themselves."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.audit_actions import Action
from bot.domain.lifecycle import GrantState, RequestState
from bot.store import audit
from dbaccess_playground.faults import Fault
from tests.scenarios.forms import filled_in, presses_extend
from tests.scenarios.world import (
    ALICE,
    APPROVALS,
    BOB,
    GITA,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]
OLD = "198.51.100.7"
TRUSTED = f"ip_addr:{OLD}"


def adopted(world: World, text: str = f"adopt orders {OLD} 1w", *, by: str = ALICE) -> None:
    world.adopts(by, text)


def ended_with(world: World) -> dict[str, Any]:
    """What the audit says of the last grant that ended."""
    with world.service.components.database.reading() as session:
        return [row.detail for row in audit.rows(session) if row.action == Action.ENDED][-1]


def description(world: World) -> str:
    rules = world.digitalocean.rules(ORDERS)
    return str(next(rule["description"] for rule in rules if rule["value"] == OLD))


def test_an_adopted_rule_stays_for_its_time_and_goes(world: World) -> None:
    adopted(world)

    assert "*Setting an expiry on" in world.whispered(ALICE)[-1]
    assert "Set an expiry on" in world.told(ALICE)[-1]
    assert "Set an expiry" in world.card.text
    assert world.card.buttons == []
    assert "Set an expiry on" in world.thread()[0]
    assert description(world).startswith("dbaccess/test #1 until ")
    assert ("adoption.requested", ALICE) in world.audited()
    assert ("rule.adopted", "dbaccess") in world.audited()

    world.pass_time(days=6, hours=23)
    assert TRUSTED in world.sources()
    world.pass_time(hours=1)
    assert TRUSTED not in world.sources()
    assert world.grant().end_reason == "expired"
    assert "was removed from `orders`* at its expiry" in world.told(ALICE)[-1]


def test_who_adopts_is_told_a_day_before_it_goes(world: World) -> None:
    adopted(world)

    world.pass_time(days=5, hours=23)
    assert "is removed soon" not in world.told(ALICE)[-1]
    world.pass_time(hours=2)

    assert "is removed soon" in world.told(ALICE)[-1]
    assert world.slack.dms(ALICE)[-1].buttons == ["Extend…", "Remove expiry"]


def test_an_approver_gives_an_adopted_rule_more_time_without_a_second(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    adopted(world)
    world.presses(BOB, world.card, "Approve")

    world.types(BOB, "extend 1 1w")
    world.pass_time(days=8)

    assert TRUSTED in world.sources()
    assert "stays longer*: removed" in world.whispered(BOB)[-1]
    world.pass_time(days=6)
    assert TRUSTED not in world.sources()


def test_the_warnings_extend_gives_another_day(world: World) -> None:
    adopted(world)
    world.pass_time(days=6, hours=1)

    form = presses_extend(world, world.slack.dms(ALICE)[-1], by=ALICE)
    assert filled_in(form, "length") == "1d"
    world.slack.submit(ALICE, {"Reason": "the office moves a day later"})
    world.settle()
    assert "the office moves a day later" in world.card.all_text
    world.pass_time(days=1)

    assert TRUSTED in world.sources()


def assert_clock_stopped(world: World) -> None:
    """The rule is as it was before anybody adopted it, and nothing of ours takes it away."""
    assert world.grant().state is GrantState.ENDED
    assert description(world) == "office"
    world.pass_time(days=15)
    assert world.sources() == {TRUSTED, "tag:backend"}
    assert description(world) == "office"


def test_p4_revoking_an_adopted_rule_stops_the_clock_and_leaves_the_rule(world: World) -> None:
    adopted(world)
    before = [rule["uuid"] for rule in world.digitalocean.rules(ORDERS)]
    world.types(BOB, "revoke 1")

    assert "stays on `orders`" in world.whispered(BOB)[-1]
    assert "The rule stays" in world.told(ALICE)[-1]
    assert "The rule stays" in world.thread()[-1]
    assert [rule["uuid"] for rule in world.digitalocean.rules(ORDERS)] == before
    assert ended_with(world)["rule"] == "stays"
    assert_clock_stopped(world)


def test_p4_the_button_stops_the_clock_too(world: World) -> None:
    adopted(world)
    world.presses(ALICE, world.slack.dms(ALICE)[-1], "Remove expiry")
    assert_clock_stopped(world)


def test_p4_the_command_line_stops_the_clock_too(world: World) -> None:
    adopted(world)
    world.service.components.access.revoke_as_operator(1, actor="operator")
    world.settle()
    assert_clock_stopped(world)


def test_p4_a_rule_that_had_no_description_has_none_again(world: World) -> None:
    adopted(world, "adopt orders tag:backend 1w")
    world.types(ALICE, "revoke 1")

    (tag,) = (r for r in world.digitalocean.rules(ORDERS) if r["type"] == "tag")
    assert not tag.get("description")
    world.pass_time(days=8)
    assert "tag:backend" in world.sources()


def test_p4_one_approver_takes_no_rule_of_production_away(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    before = world.digitalocean.rules(ORDERS)

    for number, source in enumerate(("tag:backend", OLD), 1):
        adopted(world, f"adopt orders {source} 10m")
        world.presses(ALICE, world.card, "Approve")
        world.types(ALICE, f"revoke {number}")
    world.pass_time(hours=5)

    assert world.digitalocean.rules(ORDERS) == before
    assert world.writes() == 0


def test_p4_an_adoption_takes_as_many_approvers_as_access(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2, require_reason=True))
    adopted(world, f"adopt orders {OLD} 1w the office has moved")

    assert "Needs 1 more approval" in world.whispered(ALICE)[-1]
    assert world.card.buttons == ["Approve", "Deny"]
    assert "an expiry for" in world.card.text
    assert "the office has moved" in world.card.all_text
    assert "Approvals 1/2" in world.card.all_text
    assert world.grants() == []

    world.presses(ALICE, world.card, "Approve")
    assert world.grants() == []
    world.presses(BOB, world.card, "Approve")

    assert description(world).startswith("dbaccess/test #1 until ")
    assert world.request().approvers == (ALICE, BOB)
    assert "Set an expiry on" in world.told(ALICE)[-1]
    assert world.card.buttons == []


def test_p4_the_time_of_an_adopted_rule_counts_from_the_last_approval(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    adopted(world, f"adopt orders {OLD} 1h")
    world.pass_time(minutes=50)
    world.presses(BOB, world.card, "Approve")

    world.pass_time(minutes=59)
    assert TRUSTED in world.sources()
    world.pass_time(minutes=1)
    assert TRUSTED not in world.sources()


def test_an_adoption_that_is_denied_changes_nothing(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    adopted(world)
    world.denies(BOB, world.card, "payroll needs it")

    assert "payroll needs it" in world.told(ALICE)[-1]
    assert f"/dbaccess adopt orders {OLD} 1w" in world.told(ALICE)[-1]
    assert world.writes() == 0


def test_an_adoption_needs_a_reason_where_requests_do(worlds: Worlds) -> None:
    world = worlds(policy(require_reason=True))
    adopted(world)
    assert "requires a reason" in world.whispered(ALICE)[-1]
    assert world.grants() == []


@pytest.mark.parametrize("approvals", [1, 2])
def test_a_rule_that_is_not_there_is_said_so_before_anything_is_posted(
    worlds: Worlds, approvals: int
) -> None:
    world = worlds(policy(approvals=approvals))
    adopted(world, "adopt orders 203.0.113.99 1w")

    assert "has no such rule" in world.whispered(ALICE)[-1]
    assert "/dbaccess sources orders" in world.whispered(ALICE)[-1]
    assert_nothing_was_posted(world)


def test_where_digitalocean_cannot_be_asked_nothing_is_posted(world: World) -> None:
    world.digitalocean.faults.add(Fault.status(500, times=None))
    adopted(world)

    assert "DigitalOcean returned an error (500)" in world.whispered(ALICE)[-1]
    assert_nothing_was_posted(world)


def test_who_is_not_known_yet_hears_of_a_rule_that_is_not_there_too(world: World) -> None:
    world.forget(ALICE)
    adopted(world, "adopt orders 203.0.113.99 1w")

    assert "has no such rule" in world.whispered(ALICE)[-1]
    assert_nothing_was_posted(world)


def assert_nothing_was_posted(world: World) -> None:
    assert world.slack.messages(APPROVALS) == []
    assert world.slack.dms(ALICE) == []
    assert world.grants() == []
    assert world.writes() == 0


def test_an_adoption_is_closed_when_its_rule_goes_meanwhile(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    adopted(world)
    world.digitalocean.remove_rule(ORDERS, "ip_addr", OLD)
    world.pass_time(hours=1)

    assert world.request().state is RequestState.DENIED


def test_p4_access_that_was_lent_meanwhile_is_not_adopted(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    adopted(world)
    card = world.card
    world.digitalocean.remove_rule(ORDERS, "ip_addr", OLD)
    world.types(RITA, f"request {OLD} 2h orders")
    lent = world.card
    for approver in (ALICE, BOB):
        world.slack.click(approver, lent, "Approve")
    world.settle()
    world.presses(BOB, card, "Approve")

    world.pass_time(hours=2)
    assert TRUSTED not in world.sources()
    assert [grant.id for grant in world.grants()] == [2]


def test_a_rule_is_waited_for_once(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    adopted(world)
    adopted(world, by=BOB)
    assert "is already requested: #1" in world.whispered(BOB)[-1]


def test_an_approvers_own_access_does_not_withdraw_their_adoption(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2, approvers=[ALICE, BOB, OSCAR]))
    adopted(world)
    world.types(ALICE, f"request {OLD} 2h orders")

    assert world.request(1).state is RequestState.PENDING
    assert world.request(2).state is RequestState.PENDING


def test_p5_who_uses_a_rule_whose_clock_is_stopped_does_not_take_it_along(world: World) -> None:
    adopted(world)
    world.types(RITA, f"request {OLD} 2h orders")
    world.presses(BOB, world.card, "Approve")
    world.types(BOB, "revoke 1")
    assert description(world) == "office"

    world.pass_time(hours=3)
    assert world.grant(2).end_reason == "expired"
    assert_clock_stopped(world)


def test_p4_a_restart_in_the_middle_of_an_adoption_loses_no_description(world: World) -> None:
    world.digitalocean.faults.add(Fault.lost_answer(method="PUT"))
    adopted(world)
    world.restart(seconds=1)
    world.pass_time(minutes=1)
    assert description(world).startswith("dbaccess/test #1 until ")

    world.types(BOB, "revoke 1")
    assert_clock_stopped(world)


def test_p4_a_rule_can_be_adopted_again_once_its_clock_was_stopped(world: World) -> None:
    adopted(world)
    world.types(BOB, "revoke 1")
    adopted(world, f"adopt orders {OLD} 1d")

    assert description(world).startswith("dbaccess/test #2 until ")
    world.pass_time(days=1)
    assert TRUSTED not in world.sources()
    assert ended_with(world)["reason"] == "expired"
    assert "was removed from `orders`* at its expiry" in world.told(ALICE)[-1]


def test_a_rule_that_went_a_moment_ago_is_not_added(world: World) -> None:
    assert OLD in world.answered_later(ALICE, "sources orders")  # read once for seconds
    world.digitalocean.remove_rule(ORDERS, "ip_addr", OLD)
    adopted(world)

    assert world.writes() == 0
    assert "could not be set" in world.told(ALICE)[-1]
    assert "/dbaccess sources orders" in world.told(ALICE)[-1]
    assert world.grant().end_reason == "failed"


@pytest.mark.parametrize("user", [RITA, GITA])
def test_p4_only_approvers_adopt(worlds: Worlds, user: str) -> None:
    world = worlds(policy(guests=True))
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
    world.adopts(ALICE, "adopt orders tag:backend 1w")

    world.pass_time(days=8)

    assert world.sources() == {"ip_addr:192.0.2.1"}
    assert not world.digitalocean.ever_empty(ORDERS)


def test_a_rule_of_ours_expires_already(world: World) -> None:
    world.granted()
    adopted(world, "adopt orders 203.0.113.4 1w")
    assert "already expires: #1" in world.whispered(ALICE)[-1]


def test_a_rule_is_adopted_once(world: World) -> None:
    adopted(world)
    adopted(world, by=BOB)
    assert "already expires: #1" in world.whispered(BOB)[-1]


def test_the_guard_is_not_adopted(world: World) -> None:
    adopted(world, "adopt orders 192.0.2.1 1w")
    assert "guard rule" in world.whispered(ALICE)[-1]


@pytest.mark.parametrize("length", ["1m", "53w"])
def test_an_expiry_is_neither_unnoticed_nor_for_ever(world: World, length: str) -> None:
    adopted(world, f"adopt orders {OLD} {length}")
    assert world.grants() == []
    assert "`10m` to `52w`" in world.whispered(ALICE)[-1]


def test_p6_an_adoption_that_is_delivered_twice_counts_once(world: World) -> None:
    adopted(world)
    world.slack.replay(2)
    world.settle()
    assert len(world.grants()) == 1
    assert len(world.slack.messages(APPROVALS, replies=False)) == 1


def test_p7_an_adopted_rule_keeps_its_expiry_when_the_database_is_lost(world: World) -> None:
    adopted(world)
    world.lose_database(days=1)
    assert "Unknown rules" in world.operators()[-1]

    world.pass_time(days=5)
    assert TRUSTED in world.sources()

    world.pass_time(days=1)
    assert TRUSTED not in world.sources()


def test_p7_an_adoption_is_one_still_when_the_database_is_lost(world: World) -> None:
    """One approver alone takes no rule of production away, neither before nor after (P4)."""
    adopted(world)
    world.lose_database(days=1)

    world.types(ALICE, "revoke 1")

    assert world.grant().state == "ended"
    assert TRUSTED in world.sources()
    [rule] = [rule for rule in world.digitalocean.rules(ORDERS) if rule["value"] == OLD]
    assert "dbaccess" not in rule.get("description", "")


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
