"""How much Slack is asked about people: what decides, and nothing besides (P4)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.scenarios.world import (
    ADMINS,
    ALICE,
    ANALYTICS,
    BOB,
    IP,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]

DEVELOPERS, ONCALL, NIGHTLY, LEDGER = "S0DEVELOPERS", "S0ONCALL", "S0NIGHTLY", "S0LEDGER"
ALL_GROUPS = "S0"
GROUPS = {DEVELOPERS: [RITA], ONCALL: [OSCAR], NIGHTLY: [RITA], LEDGER: [OSCAR], ADMINS: [ALICE]}
BY_GROUPS: dict[str, Any] = {
    "orders": {
        "id": ORDERS,
        "requesters": [DEVELOPERS],
        "approvers": [ADMINS, BOB],
        "emergency": {"requesters": [ONCALL], "max_duration": "30m"},
        "auto_approve": [
            {"requesters": [NIGHTLY], "sources": ["198.51.100.0/24"], "max_duration": "1h"}
        ],
    },
    "ledger": {"id": ANALYTICS, "requesters": [LEDGER], "approvers": [OSCAR]},
}


def world_of_groups(worlds: Worlds) -> World:
    """Make a world in which groups decide who may do what."""
    world = worlds(policy(BY_GROUPS))
    for group, members in GROUPS.items():
        world.slack.add_group(group, group.lower(), members)
    return world


def knowing_nobody(world: World) -> None:
    """Start the bot again, so that Slack has told it nothing of people and groups."""
    world.restart()
    world.forget(*(one.id for one in world.slack.people()))


def asked(world: World, act: Callable[[], object]) -> list[str]:
    """Return whom Slack is asked about while something is done, and whether about the groups."""
    before = len(world.slack.calls)
    act()
    world.settle()
    world.pass_time(seconds=5)
    calls = world.slack.calls[before:]
    assert "usergroups.users.list" not in {call.method for call in calls}
    return sorted(
        call.args.get("user", ALL_GROUPS)
        for call in calls
        if call.method in ("users.info", "usergroups.list")
    )


def without_repeats(calls: list[str]) -> list[str]:
    """Count the groups once: time stands still, so what was just asked is not after the click."""
    return sorted({*calls} & {ALL_GROUPS}) + [call for call in calls if call != ALL_GROUPS]


def _waits(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    assert world.request().state == "pending"


def _granted(world: World) -> None:
    _waits(world)
    world.presses(BOB, world.card, "Approve")
    assert world.grant().state == "active"


def _nothing(_world: World) -> None:
    pass


@pytest.mark.parametrize(
    ("before", "user", "text", "expected"),
    [
        (_nothing, RITA, f"request {IP} 2h orders", [ALL_GROUPS, RITA]),
        (_nothing, RITA, "request 198.51.100.9 30m orders", [ALL_GROUPS, RITA]),
        (_nothing, ALICE, f"adopt orders {IP} 1w", [ALL_GROUPS, ALICE]),
        (_waits, RITA, "cancel 1", []),
        (_waits, ALICE, "cancel 1", [ALL_GROUPS, ALICE]),
        (_waits, BOB, "cancel 1", [BOB]),
        (_granted, RITA, "revoke 1", []),
        (_granted, BOB, "revoke 1", [BOB]),
        (_granted, RITA, "extend 1 1h", [ALL_GROUPS, RITA]),
        (_granted, BOB, "extend 1 1h", [ALL_GROUPS, BOB, RITA]),
    ],
)
def test_a_command_asks_only_about_what_decides(
    worlds: Worlds, before: Callable[[World], None], user: str, text: str, expected: list[str]
) -> None:
    world = world_of_groups(worlds)
    before(world)
    knowing_nobody(world)

    types = world.adopts if text.startswith("adopt") else world.types
    calls = asked(world, lambda: types(user, text))

    assert without_repeats(calls) == sorted(expected)


def test_an_emergency_asks_about_the_emergency_policy_alone(worlds: Worlds) -> None:
    world = world_of_groups(worlds)
    world.types(OSCAR, f"emergency {IP} 30m orders now")
    world.eventually(lambda: world.slack.modal(OSCAR))
    knowing_nobody(world)

    calls = asked(world, lambda: world.slack.submit(OSCAR, {}))

    assert world.grant().state == "active"
    assert calls == sorted([ALL_GROUPS, OSCAR])


@pytest.mark.parametrize(
    ("user", "expected"),
    [(BOB, [ALL_GROUPS, BOB, RITA]), (ALICE, [ALL_GROUPS, ALICE, RITA])],
    ids=["named by id", "in a group"],
)
def test_an_approval_asks_about_the_approver_and_whom_it_concerns(
    worlds: Worlds, user: str, expected: list[str]
) -> None:
    world = world_of_groups(worlds)
    _waits(world)
    knowing_nobody(world)

    calls = asked(world, lambda: world.presses(user, world.card, "Approve"))

    assert world.grant().state == "active"
    assert without_repeats(calls) == sorted(expected)


@pytest.mark.parametrize("text", ["clusters", "list", "sources orders", "list all", "history", ""])
def test_a_page_asks_about_nothing_twice(worlds: Worlds, text: str) -> None:
    world = world_of_groups(worlds)
    knowing_nobody(world)
    told = len(world.whispered(RITA))

    def look() -> None:
        world.types(RITA, text)
        world.eventually(
            lambda: world.slack.modal(RITA) or len(world.whispered(RITA)) > told or None
        )

    calls = asked(world, look)
    assert set(calls) <= {ALL_GROUPS, RITA}
    assert len(calls) == len(set(calls))
