"""P7: a label is a hint, not a warrant, since anybody with doctl can write one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.labels import label
from bot.domain.lifecycle import EndReason, GrantState
from tests.scenarios.world import ALICE, ANALYTICS, BOB, IP, ORDERS, RITA, World, policy

both_databases = pytest.mark.both_databases  # where SQL decides: order, time, locks, counting

Worlds = Callable[[dict[str, Any]], World]
FORGED = "203.0.113.77"
TRUSTED = f"ip_addr:{FORGED}"
FAR = "until 2099-01-01T00:00:00Z"


def forge(world: World, value: str = FORGED, number: int = 8, *, kind: str = "ip_addr") -> None:
    """Add a rule with doctl that says it is ours for many years, and let it be found."""
    world.digitalocean.add_rule(ORDERS, kind, value, f"dbaccess/test #{number} {FAR}")
    world.restart()


def description(world: World, value: str = FORGED) -> str:
    [rule] = [rule for rule in world.digitalocean.rules(ORDERS) if rule["value"] == value]
    return str(rule["description"])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("ip_addr", "0.0.0.0/0"),
        ("ip_addr", "203.0.113.0/28"),
        ("ip_addr", "10.0.0.4"),
        ("tag", "workers"),
    ],
)
def test_p7_what_the_policy_could_not_have_allowed_is_left_alone_and_told_once(
    world: World, kind: str, value: str
) -> None:
    forge(world, value, kind=kind)
    rules = world.digitalocean.rules(ORDERS)

    assert world.grants() == []
    [told] = world.operators()
    assert value in told
    assert "Unknown rules" in told

    for _ in range(5):
        world.pass_time(minutes=5)
    world.restart()
    world.granted()
    assert len(world.operators()) == 1
    assert [rule for rule in world.digitalocean.rules(ORDERS) if rule in rules] == rules
    assert world.writes() == 1

    world.digitalocean.remove_rule(ORDERS, kind, value)
    world.restart()
    forge(world, value, kind=kind)
    assert len(world.operators()) == 2, "it came again, which is another finding"


@both_databases
def test_p7_what_a_label_speaks_for_ends_at_the_longest_that_the_policy_allows(
    worlds: Worlds,
) -> None:
    world = worlds(policy(max_duration="2h"))
    forge(world)
    ends_at = world.clock.now() + timedelta(hours=2)
    assert world.grant(8).expires_at == ends_at
    assert description(world) == str(label("test", 8, ends_at))
    assert f"labelled #8 {FAR.split()[0]}" in world.operators()[0]

    world.pass_time(hours=2)

    assert TRUSTED not in world.sources()
    assert world.grant(8).end_reason == EndReason.EXPIRED


@pytest.mark.parametrize("on_outside_removal", ["end", "restore"])
def test_p7_what_only_a_label_speaks_for_is_never_written_again(
    worlds: Worlds, on_outside_removal: str
) -> None:
    world = worlds(policy(on_outside_removal=on_outside_removal))
    forge(world)
    assert world.grant(8).state == GrantState.ACTIVE
    world.digitalocean.remove_rule(ORDERS, "ip_addr", FORGED)
    written = world.writes()

    for _ in range(6):
        world.pass_time(seconds=30)
    for _ in range(3):
        world.pass_time(minutes=5)

    assert TRUSTED not in world.sources()
    assert world.writes() == written
    assert world.grant(8).end_reason == EndReason.REMOVED_OUTSIDE
    ended = world.slack.messages("C0OPS")[-1]
    assert "Put back" not in ended.all_text
    answer = world.types(ALICE, "request 203.0.113.5 1h orders")  # and nothing else is in the way
    assert "#9" in answer.text


def test_p7_nothing_extends_what_only_a_label_speaks_for_but_people(worlds: Worlds) -> None:
    at_once = {"requesters": ["*"], "sources": ["203.0.113.0/24"], "max_duration": "8h"}
    world = worlds(policy(auto_approve=[at_once], max_duration="8h"))
    rule = str(label("test", 8, world.clock.now() + timedelta(minutes=30)))
    world.digitalocean.add_rule(ORDERS, "ip_addr", FORGED, rule)
    world.restart()

    world.types(ALICE, "extend 8 1h")

    before = world.grant(8).expires_at
    assert before - world.clock.now() <= timedelta(minutes=30)
    world.presses(BOB, world.card, "Approve")
    assert world.grant(8).expires_at == before + timedelta(hours=1)
    world.digitalocean.remove_rule(ORDERS, "ip_addr", FORGED)
    world.pass_time(minutes=5)
    assert TRUSTED not in world.sources()


@both_databases
@pytest.mark.parametrize(("number", "taken"), [(90, 90), (4_000, 2), (9_999_999, 2)])
def test_p7_no_label_makes_the_numbers_jump(world: World, number: int, taken: int) -> None:
    world.types(RITA, f"request {IP} 1h orders")
    forge(world, number=number)

    assert world.grant(taken).state == GrantState.ACTIVE
    assert description(world).startswith(f"dbaccess/test #{taken} until ")
    answer = world.types(RITA, "request 203.0.113.5 1h orders")
    assert f"#{taken + 1}" in answer.text


@both_databases
def test_p4_a_label_that_names_a_grant_of_another_cluster_opens_nothing(worlds: Worlds) -> None:
    world = worlds(
        policy(
            {"orders": {"id": ORDERS}, "analytics": {"id": ANALYTICS}},
            on_outside_removal="restore",
        )
    )
    world.granted(f"request {IP} 2h analytics")

    forge(world, number=1)

    assert f"ip_addr:{IP}" not in world.sources(ORDERS)
    assert world.grant(2).source.value == FORGED, "a grant of its own, under another number"
    assert world.grant(1).cluster == "analytics"
    world.pass_time(hours=2)
    assert f"ip_addr:{IP}" not in world.sources(ANALYTICS)


@both_databases
def test_p7_a_rule_left_alone_goes_when_its_label_says(world: World) -> None:
    """P3: where the policy was tightened and the database lost, the end is still kept."""
    ours = str(label("test", 3, world.clock.now() + timedelta(minutes=20)))
    world.digitalocean.add_rule(ORDERS, "tag", "workers", ours)
    world.restart()
    assert "tag:workers" in world.sources()

    world.pass_time(minutes=19, seconds=59)
    assert "tag:workers" in world.sources()
    world.pass_time(seconds=1)
    assert "tag:workers" not in world.sources()
