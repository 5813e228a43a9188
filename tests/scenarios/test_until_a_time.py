"""`until 18:00` is an end, never a length that runs from a later approval (P3, P4)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain.lifecycle import RequestState
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.test_shortening import approves_for
from tests.scenarios.world import ALICE, BOB, IP, RITA, World, policy

pytestmark = pytest.mark.both_databases
Worlds = Callable[[dict[str, Any]], World]


def until(world: World, **ahead: float) -> tuple[str, datetime]:
    """An end as Rita types it, by the clock on her wall, and what it is."""
    there = (world.clock.now() + timedelta(**ahead)).astimezone(ZoneInfo("Europe/Berlin"))
    there = there.replace(second=0, microsecond=0)
    return f"until {there:%H:%M}", there.astimezone(UTC)


def asked(world: World, **ahead: float) -> tuple[Message, datetime]:
    typed, end = until(world, **ahead)
    world.types(RITA, f"request {IP} {typed} orders fix")
    return world.card, end


def shown(end: datetime) -> str:
    return f"until <!date^{int(end.timestamp())}^"


def test_a_late_approval_does_not_move_the_end(world: World) -> None:
    card, end = asked(world, hours=3)
    assert shown(end) in card.text

    world.pass_time(hours=2)
    world.presses(ALICE, world.card, "approve")

    assert world.grant().expires_at == end
    assert shown(end) in world.card.text
    world.pass_time(hours=1)
    assert world.grant().end_reason == "expired"


def test_the_end_is_in_the_audit(world: World) -> None:
    _, end = asked(world, hours=3)

    [row] = world.audit_rows("request.made")
    assert row.detail["until"] == end.isoformat()


def test_an_approval_for_less_does_not_last_beyond_the_end(world: World) -> None:
    asked(world, hours=3)
    world.pass_time(hours=2, minutes=30)

    approves_for(world, ALICE, world.card, "Approve for 1h")

    grant = world.grant()
    assert grant.expires_at - grant.approved_at < timedelta(minutes=31)


def test_too_late_for_the_shortest_duration_is_refused(worlds: Worlds) -> None:
    world = worlds(policy(min_duration="15m"))
    asked(world, hours=1)
    world.pass_time(minutes=50)

    world.presses(ALICE, world.card, "approve")

    assert "That time is over." in world.whispered(ALICE)[-1]
    assert world.grants() == []


def test_what_nobody_decided_until_then_expires(world: World) -> None:
    asked(world, hours=1)

    world.pass_time(hours=1)

    assert world.request().state is RequestState.LAPSED
    assert world.grants() == []


def test_two_approvals_end_when_it_was_typed(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    _, end = asked(world, hours=3)
    world.presses(ALICE, world.card, "approve")
    world.pass_time(hours=1)
    world.presses(BOB, world.card, "approve")

    assert world.grant().expires_at == end


def test_a_late_approval_of_an_extension_does_not_move_the_end(world: World) -> None:
    world.granted(f"request {IP} 2h orders fix")
    typed, end = until(world, hours=4)
    world.types(RITA, f"extend 1 {typed} not done yet")
    card = world.card
    world.pass_time(hours=1)
    world.presses(ALICE, card, "approve")

    assert world.grant().expires_at == end
