"""P4: who benefits is the requester, whoever typed it."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.lifecycle import RequestState
from tests.scenarios.world import ALICE, BOB, IP, OSCAR, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]

OFFICE_RULE = {"requesters": [ALICE], "sources": ["203.0.113.0/24"], "max_duration": "8h"}


def hours(world: World) -> float:
    """How long grant 1 lasts in all."""
    grant = world.grant()
    return (grant.expires_at - grant.approved_at).total_seconds() / 3600


def test_p4_a_written_policy_for_the_approver_does_not_extend_the_access_of_another(
    worlds: Worlds,
) -> None:
    world = worlds(policy(auto_approve=[OFFICE_RULE]))
    world.granted(f"request {IP} 1h orders")

    world.types(ALICE, "extend 1 7h")

    assert world.request(2).state is RequestState.PENDING
    assert hours(world) == 1


def test_p4_nobody_approves_their_own_extension_that_a_colleague_asked_for(
    worlds: Worlds,
) -> None:
    world = worlds(policy(approvers=[ALICE, BOB, OSCAR]))
    world.types(ALICE, f"request {IP} 1h orders")
    world.presses(BOB, world.card, "Approve")
    world.types(BOB, "extend 1 1h")
    card = world.card

    world.presses(ALICE, card, "Approve")

    assert world.request(2).state is RequestState.PENDING
    assert "You cannot decide on your own request" in world.whispered(ALICE)[-1]
    assert hours(world) == 1


def test_p4_who_asks_for_an_extension_for_another_does_not_approve_it(world: World) -> None:
    world.granted(f"request {IP} 1h orders")
    world.types(ALICE, "extend 1 1h")

    world.presses(ALICE, world.card, "Approve")
    assert "another approver has to decide" in world.whispered(ALICE)[-1]
    assert hours(world) == 1

    world.presses(BOB, world.card, "Approve")
    assert hours(world) == 2


def test_where_one_may_approve_ones_own_one_may_approve_what_one_asked_for(
    worlds: Worlds,
) -> None:
    world = worlds(policy(self_approval=True))
    world.granted(f"request {IP} 1h orders")
    world.types(ALICE, "extend 1 1h")

    world.presses(ALICE, world.card, "Approve")

    assert hours(world) == 2


def test_an_extension_for_another_that_too_few_could_approve_is_refused(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    world.types(RITA, f"request {IP} 1h orders")
    for approver in (ALICE, BOB):
        world.presses(approver, world.card, "Approve")

    world.types(ALICE, "extend 1 1h")

    assert "Besides you and the holder, only 1 can approve" in world.whispered(ALICE)[-1]
    world.types(RITA, "extend 1 1h")
    assert world.request(2).state is RequestState.PENDING


def test_everybody_reads_who_asked_and_for_whom(world: World) -> None:
    world.granted(f"request {IP} 1h orders")

    world.types(ALICE, "extend 1 1h")

    assert f"<@{ALICE}> requests *1h more*" in world.card.text
    assert f"access #1 of <@{RITA}>" in world.card.text
    assert f"Approvers: <@{BOB}>" in world.card.text
    assert ("request.made", ALICE) in world.audited()


def test_both_hear_how_it_was_decided(world: World) -> None:
    world.granted(f"request {IP} 1h orders")
    world.types(ALICE, "extend 1 1h")

    world.denies(BOB, world.card, "not today")

    for user in (RITA, ALICE):
        assert "not today" in world.told(user)[-1]


@pytest.mark.parametrize("user", [RITA, ALICE])
def test_who_benefits_and_who_asked_can_cancel_it(world: World, user: str) -> None:
    world.granted(f"request {IP} 1h orders")
    world.types(ALICE, "extend 1 1h")
    assert "*Request #2*" in world.types(user, "list").text

    world.types(user, "cancel 2")

    assert world.request(2).state is RequestState.CANCELLED


def test_p4_a_holder_who_may_no_longer_ask_gets_no_extension_by_way_of_a_colleague(
    worlds: Worlds,
) -> None:
    world = worlds(policy())
    world.granted(f"request {IP} 1h orders")
    world.govern(policy(requesters=[OSCAR]))

    world.types(ALICE, "extend 1 1h")

    assert "may no longer request access to this cluster" in world.whispered(ALICE)[-1]
    assert hours(world) == 1
