"""A written policy approves in an approver's stead: for whom, from where and for how long."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.lifecycle import RequestState
from dbaccess_playground.faults import Fault
from tests.scenarios.world import ALICE, EVE, GITA, OSCAR, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]

ONCALL = "S0ONCALL"
IP = "198.51.100.20"
TRUSTED = f"ip_addr:{IP}"
OFFICE_NETWORK = "198.51.100.0/24"


def written(*requesters: str, **more: Any) -> dict[str, Any]:
    """Return a policy that approves what those people ask for from the office."""
    rule = {"requesters": list(requesters), "sources": [OFFICE_NETWORK], "max_duration": "1h"}
    return policy(auto_approve=[rule], **more)


def on_call(world: World, *members: str) -> World:
    world.slack.add_group(ONCALL, "on-call", members)
    return world


def assert_waits(world: World) -> None:
    assert world.request().state is RequestState.PENDING
    assert world.card.buttons == ["Approve", "Deny"]
    assert world.grants() == []


def test_somebody_named_is_granted_at_once_and_everybody_can_read_it(worlds: Worlds) -> None:
    world = worlds(written(RITA))

    answer = world.types(RITA, f"request {IP} 1h orders invoice 88")

    assert "approved* by written policy" in answer.text
    assert TRUSTED in world.sources()
    assert world.card.buttons == []
    assert "approved* by written policy" in world.card.text
    assert "invoice 88" in world.card.all_text
    assert " is open* until" in world.thread()[-1]
    assert "You can connect" in world.told(RITA)[-1]
    assert ("request.approved", "policy") in world.audited()


def test_what_a_written_policy_granted_ends_like_everything_else(worlds: Worlds) -> None:
    world = worlds(written(RITA))
    world.types(RITA, f"request {IP} 1h orders")

    world.pass_time(hours=1)

    assert TRUSTED not in world.sources()
    assert world.grant().end_reason == "expired"


def test_a_group_member_is_granted_at_once(worlds: Worlds) -> None:
    world = on_call(worlds(written(ONCALL)), RITA)

    world.types(RITA, f"request {IP} 1h orders")

    assert TRUSTED in world.sources()


def test_nobody_outside_the_group_is_granted_at_once(worlds: Worlds) -> None:
    world = on_call(worlds(written(ONCALL)), RITA)

    world.types(OSCAR, f"request {IP} 1h orders")

    assert_waits(world)
    assert "sent*" in world.whispered(OSCAR)[-1]


def test_a_written_policy_for_anybody_means_every_full_member(worlds: Worlds) -> None:
    world = worlds(written("*"))

    world.types(OSCAR, f"request {IP} 1h orders")

    assert TRUSTED in world.sources()


@pytest.mark.parametrize("who", [GITA, EVE], ids=["guest", "outsider"])
@pytest.mark.parametrize("named", ["*", ONCALL, "the person"])
def test_only_full_members_are_granted_at_once(worlds: Worlds, named: str, who: str) -> None:
    named = who if named == "the person" else named
    world = on_call(worlds(written(named, guests=True)), who)

    world.types(who, f"request {IP} 1h orders")

    assert_waits(world)


@pytest.mark.parametrize("source", ["203.0.113.4", "198.51.101.1"])
def test_another_address_waits_for_an_approver(worlds: Worlds, source: str) -> None:
    world = worlds(written(RITA))

    world.types(RITA, f"request {source} 1h orders")

    assert_waits(world)


@pytest.mark.parametrize(
    ("source", "granted"),
    [("198.51.100.0/24", True), ("198.51.100.64/26", True), ("198.51.100.0/23", False)],
)
def test_a_network_is_granted_at_once_if_all_of_it_is_covered(
    worlds: Worlds, source: str, *, granted: bool
) -> None:
    world = worlds(written(RITA, min_prefix=16))

    world.types(RITA, f"request {source} 1h orders")

    assert (f"ip_addr:{source}" in world.sources()) is granted


def test_a_tag_is_never_covered_by_a_network(worlds: Worlds) -> None:
    world = worlds(written(RITA, source_types=["ip_addr", "tag"]))

    world.types(RITA, "request tag:jobs 1h orders")

    assert_waits(world)


def test_a_longer_time_waits_for_an_approver(worlds: Worlds) -> None:
    world = worlds(written(RITA))

    answer = world.types(RITA, f"request {IP} 61m orders")

    assert "sent*" in answer.text
    assert_waits(world)
    world.presses(ALICE, world.card, "Approve")
    assert TRUSTED in world.sources()


def test_a_written_policy_takes_the_place_of_all_approvals(worlds: Worlds) -> None:
    world = worlds(written(RITA, approvals=2))

    world.types(RITA, f"request {IP} 1h orders")

    assert TRUSTED in world.sources()


def test_a_written_policy_does_not_help_whoever_may_not_ask(worlds: Worlds) -> None:
    world = worlds(written(OSCAR, requesters=[RITA]))

    world.types(OSCAR, f"request {IP} 1h orders")

    assert "There is no cluster" in world.whispered(OSCAR)[-1]
    assert world.grants() == []


def test_a_short_extension_is_granted_at_once_while_all_of_it_is_covered(worlds: Worlds) -> None:
    world = worlds(written(RITA))
    world.types(RITA, f"request {IP} 30m orders")

    world.types(RITA, "extend 1 30m")
    assert (world.grant().expires_at - world.grant().approved_at).total_seconds() == 3600

    world.types(RITA, "extend 1 1m")
    assert world.request(3).state is RequestState.PENDING, "now it would last longer than 1h"


def test_extensions_do_not_add_up_to_more_than_is_written(worlds: Worlds) -> None:
    world = worlds(written(RITA))
    world.types(RITA, f"request {IP} 1h orders")

    world.types(RITA, "extend 1 1h")

    assert world.request(2).state is RequestState.PENDING


def test_an_approver_cannot_use_a_policy_for_others_to_extend(worlds: Worlds) -> None:
    world = worlds(written(RITA))
    world.types(RITA, f"request {IP} 30m orders")

    world.types(ALICE, "extend 1 15m")

    assert world.request(2).state is RequestState.PENDING


def test_while_slack_does_not_say_who_is_on_call_nobody_is_granted_at_once(worlds: Worlds) -> None:
    world = on_call(worlds(written(ONCALL)), RITA)
    world.slack.faults.add(Fault.status(500, target="usergroups.list", times=None))

    world.types(RITA, f"request {IP} 1h orders")
    world.pass_time(seconds=31)

    assert "Slack didn't confirm your rights" in world.whispered(RITA)[-1]
    assert world.grants() == []
