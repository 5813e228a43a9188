"""What runs at intervals does so by itself, and whoever watches is told when it does not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from bot.reconcile.reconciler import Reconciler
from bot.store.next_due import LeadTimes, read_next_due
from bot.store.periodic import JobRun, last_runs, record_runs
from bot.worker.stored_jobs import StoredJobs
from tests.scenarios.deciding import TRUSTED
from tests.scenarios.observing import scrape
from tests.scenarios.test_health import problems
from tests.scenarios.world import POLICY, World
from tests.waiting import come_to_rest

Worlds = Callable[[dict[str, Any]], World]
NEVER = timedelta(days=365)
RAN_AT = "dbaccess_periodic_job_last_run_timestamp_seconds"
FAILING = "dbaccess_periodic_job_failing_seconds"
FAILURES = "dbaccess_periodic_job_failures_total"


def run_all(world: World, *, but: str = "") -> None:
    """Run each periodic job, and write down that they ran."""
    for name in world.worker.intervals:
        if name != but:
            world.worker.run_periodic_job(name)


def test_p3_a_running_worker_ends_a_grant_though_nobody_wakes_it(world: World) -> None:
    world.granted()
    with world.at_work():
        come_to_rest()
        world.clock.advance(hours=2)
        world.eventually(lambda: TRUSTED not in world.sources())


def test_p3_a_worker_wakes_for_what_is_due_next_long_before_its_tick(worlds: Worlds) -> None:
    world = worlds({**POLICY, "scheduler": {"tick": "52w"}})
    world.granted()
    with world.at_work() as worker:
        world.clock.advance(hours=1, minutes=59, seconds=59.7)
        worker.wake()  # this once; it finds nothing that is due
        come_to_rest()
        assert TRUSTED in world.sources()

        world.clock.advance(seconds=0.3)

        soon = 10  # without APScheduler, it would look by itself after 15
        world.eventually(lambda: TRUSTED not in world.sources(), seconds=soon)


def test_p3_a_worker_ends_a_grant_though_apscheduler_runs_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BackgroundScheduler, "add_job", lambda *_, **__: None)
    world.granted()
    with world.at_work():
        come_to_rest()

        world.clock.advance(hours=2)

        world.eventually(lambda: TRUSTED not in world.sources())


def test_p3_a_queue_that_cannot_be_read_holds_up_no_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("broken")

    world.granted()
    monkeypatch.setattr(StoredJobs, "claim", broken)
    with world.at_work():
        come_to_rest()

        world.clock.advance(hours=2)

        world.eventually(lambda: TRUSTED not in world.sources(), seconds=20)


def test_it_is_told_that_what_is_due_cannot_be_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise ValueError("broken")

    def failing_since() -> object:
        worker.run_periodic_job("heartbeat")
        with world.service.components.database.reading() as session:
            runs = {run.name: run.failing_since for run in last_runs(session)}
        return runs.get("next_due")

    with world.at_work() as worker:
        world.eventually(lambda: not worker.in_progress())
        monkeypatch.setattr(Reconciler, "watch_all", broken)
        worker.follow(tick=timedelta(seconds=0.1))

        world.eventually(lambda: (scrape(world)(FAILURES, job="next_due") or 0) > 2)
        assert world.eventually(failing_since)
        monkeypatch.undo()
        world.eventually(lambda: not failing_since())


def test_what_has_a_time_in_the_tables_is_the_work_of_a_job_or_a_queue(world: World) -> None:
    with world.service.components.database.reading() as session:
        named = set(read_next_due(session, LeadTimes(NEVER, NEVER, NEVER)).times)
    jobs = set(world.worker.intervals)
    assert {name for name in named if name not in jobs and f"{name}_queue" not in jobs} == set()


@pytest.mark.both_databases
def test_readiness_names_a_job_that_has_not_run_for_several_of_its_intervals(
    world: World,
) -> None:
    run_all(world)
    assert problems(world) == {}
    ran_at = world.clock.now()
    world.clock.advance(minutes=5, seconds=1)
    run_all(world, but="expiry")

    assert problems(world) == {
        "periodic jobs": f"`expiry` has not run since {ran_at:%FT%TZ}: see the worker's log"
    }
    world.worker.run_periodic_job("expiry")
    world.beat()
    assert problems(world) == {}


def test_readiness_names_a_job_that_has_never_run_since_the_first_start(world: World) -> None:
    """The worker of a story, which has no thread, never runs `next_due`."""
    started_at = world.clock.now()
    world.clock.advance(seconds=30)
    run_all(world, but="next_due")
    assert problems(world) == {}

    world.clock.advance(seconds=1)
    run_all(world, but="next_due")

    assert problems(world) == {
        "periodic jobs": f"`next_due` has not run since {started_at:%FT%TZ}: see the worker's log"
    }


def test_a_job_with_a_long_interval_is_missed_only_after_three_of_them(world: World) -> None:
    run_all(world)
    world.clock.advance(hours=3)
    run_all(world, but="offboarding")
    assert problems(world) == {}
    world.clock.advance(seconds=1)
    run_all(world, but="offboarding")
    assert "`offboarding` has not run since" in problems(world)["periodic jobs"]


@pytest.mark.both_databases
def test_metrics_tell_when_each_job_ran_and_for_how_long_it_has_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_all(world)
    well = scrape(world)
    for name in set(world.worker.intervals) - {"heartbeat"}:
        assert well(RAN_AT, job=name) == world.clock.now().timestamp()
        assert well(FAILING, job=name) == 0
        assert well(FAILURES, job=name) == 0

    def broken(*_: object) -> list[object]:
        raise ValueError("broken")

    monkeypatch.setattr("bot.store.requests.lapsing", broken)
    world.pass_time(seconds=60)
    world.pass_time(seconds=90)
    run_all(world)

    told = scrape(world)
    assert told(FAILING, job="lapse") == 90
    assert told(FAILURES, job="lapse") == 3
    assert told(FAILING, job="expiry") == told(FAILURES, job="expiry") == 0
    assert told(RAN_AT, job="lapse") == world.clock.now().timestamp()


def test_a_job_that_fails_keeps_no_grant_from_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3."""

    def broken(*_: object) -> list[object]:
        raise ValueError("broken")

    world.granted()
    monkeypatch.setattr("bot.store.requests.lapsing", broken)
    world.pass_time(hours=2)
    assert TRUSTED not in world.sources()


@pytest.mark.both_databases
def test_a_job_that_is_gone_is_not_missed_for_ever(world: World) -> None:
    gone = JobRun("former", timedelta(seconds=1), world.clock.now())
    database = world.service.components.database
    with database.transaction() as session:
        started_at = world.clock.now()
        record_runs(
            session, [gone], intervals={"former": gone.every}, started_at=started_at, now=started_at
        )
        assert last_runs(session) == [gone]
    world.clock.advance(hours=1)
    run_all(world)
    assert problems(world) == {}
