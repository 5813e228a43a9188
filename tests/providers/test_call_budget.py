"""The calls that the provider allows go first to what has to end, then to what has to start."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.base import ApiCall, BudgetSpent, Purpose
from bot.providers.call_budget import CallBudget
from bot.reconcile.drift_check import own_slot
from dbaccess_playground.calls import Call as HttpCall
from tests.scenarios.world import IP, OFFICE, ORDERS, ManualClock, World, policy
from tests.storage import SqliteStorage

A_CALL = ApiCall("read_rules", ORDERS, 200, 0.1)
OTHERS = [str(UUID(int=number)) for number in range(1, 31)]
PER_MINUTE = 20


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Many clusters, and few calls a minute."""
    clusters = {f"other-{n}": {"id": other} for n, other in enumerate(OTHERS)}
    written = policy({"orders": {"id": ORDERS}, **clusters})
    world = World(
        SqliteStorage(tmp_path), {**written, "scheduler": {"calls_per_minute": PER_MINUTE}}
    )
    for number, other in enumerate(OTHERS):
        world.digitalocean.add_cluster(f"other-{number}", cluster_id=other, rules=[OFFICE])
    with world:
        yield world


def calls(world: World, since: int = 0) -> list[HttpCall]:
    return [call for call in world.digitalocean.calls[since:] if "firewall" in call.path]


def test_calls_are_counted_by_the_minute_and_by_the_hour() -> None:
    clock = ManualClock()
    budget = CallBudget(clock, lambda: (10, 15))
    for _ in range(10):
        budget.spend(Purpose.ENDS)
    assert budget.room(Purpose.ENDS) == 0

    clock.advance(seconds=59)
    assert budget.room(Purpose.ENDS) == 0
    clock.advance(seconds=1)
    assert budget.room(Purpose.ENDS) == 5  # what the hour has left
    assert budget.room(Purpose.CHECKS) == 0
    clock.advance(hours=1)
    assert budget.room(Purpose.ENDS) == 10


def test_a_clock_that_was_set_back_does_not_use_up_the_budget() -> None:
    clock = ManualClock()
    budget = CallBudget(clock, lambda: (10, 15))
    for _ in range(10):
        budget.spend(Purpose.ENDS)
    budget.observe(replace(A_CALL, status=429, retry_after=3600.0))
    budget.observe(replace(A_CALL, limit=5000, limit_remaining=0))

    clock.advance(hours=-3)

    assert budget.room(Purpose.ENDS) == 10
    assert budget.room(Purpose.CHECKS) == 5


@given(st.lists(st.sampled_from([p for p in Purpose if p is not Purpose.ENDS]), max_size=60))
def test_p3_nothing_else_spends_the_calls_of_ends(wanted: list[Purpose]) -> None:
    budget = CallBudget(ManualClock(), lambda: (20, 5000))
    for purpose in wanted:
        with suppress(BudgetSpent):
            budget.spend(purpose)
    assert budget.room(Purpose.ENDS) >= 6
    assert budget.made().by_purpose[Purpose.PAGES] <= 4


def test_p3_what_other_tools_leave_of_the_tokens_calls_is_for_ends_alone() -> None:
    clock = ManualClock()
    budget = CallBudget(clock, lambda: (250, 5000))
    budget.observe(replace(A_CALL, limit=5000, limit_remaining=1500))
    assert all(budget.room(purpose) for purpose in Purpose)

    budget.observe(replace(A_CALL, limit=5000, limit_remaining=1499))

    assert [purpose for purpose in Purpose if budget.room(purpose)] == [Purpose.ENDS]
    with pytest.raises(BudgetSpent, match="Try again in 60 s"):
        budget.spend(Purpose.PAGES)
    clock.advance(minutes=1)  # by then it may be more again, and a call will tell
    assert all(budget.room(purpose) for purpose in Purpose)


def test_p3_after_a_429_nobody_looks_at_anything_for_a_minute() -> None:
    clock = ManualClock()
    budget = CallBudget(clock, lambda: (250, 5000))
    budget.observe(replace(A_CALL, status=429, retry_after=30.0))

    clock.advance(seconds=89)
    assert [purpose for purpose in Purpose if budget.room(purpose)] == [
        Purpose.ENDS,
        Purpose.STARTS,
    ]
    clock.advance(seconds=1)
    assert all(budget.room(purpose) for purpose in Purpose)


def test_looks_leave_half_of_the_calls_for_changes(world: World) -> None:
    assert 0 < len(calls(world)) <= PER_MINUTE / 2


def test_in_the_end_every_cluster_is_looked_at(world: World) -> None:
    for _ in range(8):
        world.pass_time(minutes=1)
    looked_at = {call.path.split("/")[3] for call in calls(world)}
    assert looked_at == {ORDERS, *OTHERS}


def test_an_end_does_not_wait_behind_looks(world: World) -> None:
    world.granted(f"request {IP} 2m orders")
    assert f"ip_addr:{IP}" in world.sources()
    before = len(world.digitalocean.calls)

    world.pass_time(minutes=2)

    assert f"ip_addr:{IP}" not in world.sources()
    first = [call.method for call in calls(world, before)][:3]
    assert first == ["GET", "PUT", "GET"]


def test_looks_at_many_clusters_are_spread_over_the_period() -> None:
    now, every = ManualClock().now(), timedelta(minutes=5)
    moments = [own_slot(str(UUID(int=n)), now, every) for n in range(200)]
    assert all(now < moment <= now + every for moment in moments)
    by_minute = [int((moment - now) / timedelta(minutes=1)) for moment in moments]
    assert all(20 <= by_minute.count(minute) <= 60 for minute in range(5))


def test_no_cluster_waits_longer_than_it_should_whenever_it_was_looked_at() -> None:
    now, every = ManualClock().now(), timedelta(minutes=5)
    for second in range(300):
        for late in (0.0, 0.4, 0.9):
            looked_at = now + timedelta(seconds=second + late)
            assert timedelta(seconds=1) <= own_slot(ORDERS, looked_at, every) - looked_at <= every


def test_a_cluster_keeps_its_moment_from_one_look_to_the_next() -> None:
    now, every = ManualClock().now(), timedelta(minutes=5)
    first = own_slot(ORDERS, now, every)
    late = first + timedelta(milliseconds=20)
    assert own_slot(ORDERS, late, every) - first == pytest.approx(
        every, abs=timedelta(milliseconds=1)
    )
