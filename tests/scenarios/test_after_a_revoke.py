"""P4: what somebody took away from another does not come back without people."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.lifecycle import RequestKind, RequestState
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.world import (
    ALICE,
    APPROVALS,
    BOB,
    IP,
    OFFICE,
    ORDERS,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]

TRUSTED = f"ip_addr:{IP}"
OTHER = "203.0.113.5"
OFFICE_RULE = {"requesters": [RITA], "sources": ["203.0.113.0/24"], "max_duration": "8h"}
EMERGENCY = {"requesters": [RITA], "max_duration": "30m"}


def in_emergencies(worlds: Worlds, **more: Any) -> World:
    orders = {"id": ORDERS, "emergency": EMERGENCY, **more}
    return worlds(policy({"orders": orders}))


def breaks_glass(world: World, source: str = IP) -> None:
    """Type the command, and send the form off."""
    world.types(RITA, f"emergency {source} 30m orders everything is locked")
    world.eventually(lambda: world.slack.modal(RITA))
    world.slack.submit(RITA, {})
    world.settle()


def newest(world: World) -> int:
    return world.rows()["RequestRow"]


def assert_people_decide(world: World, number: int) -> None:
    assert world.request(number).state is RequestState.PENDING
    assert world.request(number).kind is RequestKind.ACCESS
    assert TRUSTED not in world.sources()
    assert world.card.buttons == ["Approve", "Deny"]


@pytest.mark.parametrize("by", ["approver", "operator"])
def test_p4_after_a_revoke_there_is_no_emergency_access_without_an_approval(
    worlds: Worlds, by: str
) -> None:
    world = in_emergencies(worlds)
    breaks_glass(world)
    world.presses(ALICE, world.card, "Mark reviewed")
    if by == "approver":
        world.types(ALICE, "revoke 1")
    else:
        world.service.components.access.revoke_as_operator(1, actor="operator")
        world.settle()

    breaks_glass(world)

    assert_people_decide(world, 2)
    assert "Emergency access needs an approval this time" in world.whispered(RITA)[-1]
    assert "ended your access #1" in world.whispered(RITA)[-1]
    assert "needs *emergency access*: request #" in world.thread()[-1]
    assert f"Decide in <#{APPROVALS}>." in world.operators()[-1]
    world.presses(ALICE, world.card, "Approve")
    assert TRUSTED in world.sources()


def test_p4_after_a_revoke_a_written_policy_does_not_approve(worlds: Worlds) -> None:
    world = worlds(policy(auto_approve=[OFFICE_RULE]))
    world.types(RITA, f"request {IP} 1h orders")
    world.types(ALICE, "revoke 1")

    world.types(RITA, f"request {IP} 1h orders")

    assert_people_decide(world, 2)
    assert f"*Ended lately:* access #1 of <@{RITA}>, by <@{ALICE}>." in world.card.all_text
    assert f"<@{ALICE}> ended your access #1." in world.whispered(RITA)[-1]


def test_p4_after_a_revoke_a_written_policy_does_not_extend_what_is_left(worlds: Worlds) -> None:
    world = worlds(policy(auto_approve=[OFFICE_RULE]))
    for source in (IP, OTHER):
        world.types(RITA, f"request {source} 1h orders")
    world.types(ALICE, "revoke 1")

    world.types(RITA, "extend 2 1h")

    assert world.request(3).state is RequestState.PENDING


def test_a_revoke_counts_for_as_long_as_access_may_last(worlds: Worlds) -> None:
    world = worlds(policy(auto_approve=[OFFICE_RULE]))
    world.types(RITA, f"request {IP} 1h orders")
    world.types(ALICE, "revoke 1")
    world.pass_time(hours=8, seconds=1)

    world.types(RITA, f"request {IP} 1h orders")

    assert TRUSTED in world.sources()


def test_who_gives_their_own_access_back_gets_it_again_as_before(worlds: Worlds) -> None:
    world = worlds(policy(auto_approve=[OFFICE_RULE]))
    world.types(RITA, f"request {IP} 1h orders")
    world.types(RITA, "revoke 1")

    world.types(RITA, f"request {IP} 1h orders")

    assert TRUSTED in world.sources()


def test_a_revoke_says_nothing_of_other_people(worlds: Worlds) -> None:
    world = worlds(policy(auto_approve=[{**OFFICE_RULE, "requesters": [RITA, BOB]}]))
    world.types(RITA, f"request {IP} 1h orders")
    world.types(ALICE, "revoke 1")

    world.types(BOB, f"request {IP} 1h orders")

    assert TRUSTED in world.sources()


def removed_outside(world: World) -> Message:
    """Let Rita have access from two addresses, and one of the rules be taken away outside."""
    world.granted(f"request {IP} 2h orders")
    card = world.card
    world.granted(f"request {OTHER} 2h orders")
    world.pass_time(minutes=2)
    kept = [("ip_addr", OFFICE["value"]), ("tag", "backend"), ("ip_addr", OTHER)]
    world.digitalocean.terraform_apply(ORDERS, kept)
    world.pass_time(minutes=5)
    assert world.grant(1).end_reason == "removed_outside"
    return world.slack.thread(APPROVALS, card.ts)[-1]


def test_p4_nothing_is_put_back_past_a_revoke(world: World) -> None:
    in_thread = removed_outside(world)
    world.types(ALICE, "revoke 2")

    for user in (RITA, BOB):
        world.presses(user, in_thread, "Put back")
        assert "was revoked since then (#2)" in world.whispered(user)[-1]

    assert TRUSTED not in world.sources()
    assert len(world.grants()) == 2


def test_p4_one_emergency_of_a_person_waits_for_a_review_and_the_next_for_an_approval(
    worlds: Worlds,
) -> None:
    world = in_emergencies(worlds)
    breaks_glass(world, OTHER)

    breaks_glass(world)

    assert_people_decide(world, 2)
    assert "Emergency access #1 still needs review" in world.whispered(RITA)[-1]
    world.types(RITA, "cancel 2")
    world.presses(ALICE, world.slack.messages(APPROVALS, replies=False)[0], "Mark reviewed")
    breaks_glass(world)
    assert world.request(3).kind is RequestKind.EMERGENCY
    assert TRUSTED in world.sources()


def test_p4_an_emergency_elsewhere_counts_too(worlds: Worlds) -> None:
    orders = {"id": ORDERS, "emergency": EMERGENCY}
    analytics = {"id": "1b2f7a90-6f0c-4f3a-9a53-0f6d5c1f9f11", "emergency": EMERGENCY}
    world = worlds(policy({"orders": orders, "analytics": analytics}))
    world.types(RITA, f"emergency {IP} 30m analytics everything is locked")
    world.eventually(lambda: world.slack.modal(RITA))
    world.slack.submit(RITA, {})
    world.settle()

    breaks_glass(world)

    assert_people_decide(world, 2)


def test_an_emergency_by_somebody_who_may_only_ask_in_emergencies_is_refused_after_a_revoke(
    worlds: Worlds,
) -> None:
    world = in_emergencies(worlds, requesters=[BOB])
    breaks_glass(world)
    world.types(ALICE, "revoke 1")

    breaks_glass(world)

    assert newest(world) == 1
    assert TRUSTED not in world.sources()
