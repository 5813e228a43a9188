"""Alarms: told after a while, again and again but ever less often, and called off once."""

from collections.abc import Callable
from typing import Any

from dbaccess_playground.faults import Fault
from tests.scenarios.world import ALICE, ANALYTICS, IP, ORDERS, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]
TRUSTED = f"ip_addr:{IP}"
MINUTE = 60


def minutes_alarmed(world: World, until: int, restart_at: int | None = None) -> list[int]:
    """Let that many minutes pass; return those in which the operators were told something."""
    told = []
    for minute in range(5, until + 1, 5):
        before = len(world.operators())
        if minute == restart_at:
            world.restart(minutes=5)
        else:
            world.pass_time(minutes=5)
        if len(world.operators()) > before:
            told.append(minute)
    return told


def test_alarms_come_at_twice_the_time_then_hourly_over_a_restart_and_end_once(
    world: World,
) -> None:
    world.granted(f"request {IP} 1h orders")
    world.digitalocean.faults.add(Fault.status(401, times=None))
    world.pass_time(hours=1)
    assert TRUSTED in world.sources()
    assert minutes_alarmed(world, 220, restart_at=30) == [5, 10, 20, 40, 80, 140, 200]
    assert all("#1" in told for told in world.operators())

    world.digitalocean.faults.clear()
    world.restart(minutes=1)
    world.pass_time(minutes=10)
    world.restart(minutes=1)
    assert TRUSTED not in world.sources()
    assert sum("up to date again" in told for told in world.operators()) == 1
    assert len(world.operators()) == 8


def test_trouble_that_is_over_before_the_alarm_is_not_told_of(world: World) -> None:
    world.granted(f"request {IP} 1h orders")
    world.digitalocean.faults.add(Fault.status(401, times=None))
    world.pass_time(hours=1)
    world.pass_time(minutes=4)
    world.digitalocean.faults.clear()
    world.pass_time(seconds=45)
    assert TRUSTED not in world.sources()
    assert world.operators() == []


def test_a_storm_of_429_holds_back_all_clusters_alike_and_then_all_get_their_turn(
    worlds: Worlds,
) -> None:
    world = worlds(policy({"orders": {"id": ORDERS}, "analytics": {"id": ANALYTICS}}))
    world.client_waits_for_nothing()
    world.restart()
    for alias in ("orders", "analytics"):
        world.types(RITA, f"request {IP} 1h {alias}")
        world.presses(ALICE, world.card, "Approve")
    world.pass_time(minutes=59)
    world.digitalocean.faults.add(Fault.status(429, retry_after=10 * MINUTE, times=None))
    world.pass_time(minutes=1)
    made = len(world.digitalocean.calls)
    for _ in range(9):
        world.pass_time(minutes=1)
    assert len(world.digitalocean.calls) == made, "one budget: nobody asks before its time"

    world.digitalocean.faults.clear()
    for _ in range(4):
        world.pass_time(seconds=30)
    assert TRUSTED not in world.sources(ORDERS) | world.sources(ANALYTICS)
