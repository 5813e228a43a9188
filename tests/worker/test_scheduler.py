"""APScheduler runs each periodic job at its interval, whatever becomes of the others."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import apscheduler.schedulers.base
import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

import bot.worker.scheduler
from bot.clock import SystemClock
from bot.logs import set_up_logs
from bot.store.database_state import DatabaseState
from bot.worker.periodic_jobs import PeriodicJob
from bot.worker.scheduler import JobScheduler
from tests.store.test_database_state import DEADLOCK, DISK_FULL
from tests.waiting import eventually

OFTEN = timedelta(milliseconds=20)
NEVER = timedelta(weeks=52)
AWAY = OperationalError("SELECT 1", {}, Exception("gone"))


class Jobs:
    """Periodic jobs that count their runs."""

    def __init__(self) -> None:
        self.begun = Counter[str]()
        self.ended = Counter[tuple[str, bool]]()
        self.go_on = threading.Event()

    def job(
        self, name: str, every: timedelta | None = OFTEN, then: Callable[[], object] = lambda: None
    ) -> PeriodicJob:
        def work() -> None:
            self.begun[name] += 1
            then()

        return PeriodicJob(name, work, every)

    def handed_over(self, name: str, hand_over: Callable[[], object]) -> PeriodicJob:
        return replace(self.job(name), hand_over=hand_over)

    def note(self, name: str, succeeded: bool) -> None:
        self.ended[name, succeeded] += 1

    def scheduler(self, *jobs: PeriodicJob, tick: timedelta = OFTEN) -> JobScheduler:
        return JobScheduler(
            jobs, SystemClock(), tick=tick, database_state=DatabaseState(), on_run=self.note
        )

    @contextmanager
    def at_work(self, *jobs: PeriodicJob, tick: timedelta = OFTEN) -> Iterator[JobScheduler]:
        scheduler = self.scheduler(*jobs, tick=tick)
        scheduler.start()
        try:
            yield scheduler
        finally:
            self.go_on.set()
            scheduler.stop()

    def ran(self, name: str, times: int = 1) -> None:
        """Wait until a job has run so many times more."""
        enough = self.begun[name] + times
        eventually(lambda: self.begun[name] >= enough)


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


def fail(error: Exception) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def test_each_job_runs_at_once_and_then_at_its_interval(jobs: Jobs) -> None:
    with jobs.at_work(jobs.job("often"), jobs.job("rarely", NEVER), jobs.job("tick", None)):
        jobs.ran("often", 5)
        jobs.ran("tick", 2)
        eventually(lambda: jobs.begun["rarely"])
        assert jobs.begun["rarely"] == 1


def test_a_job_that_fails_leaves_the_others_alone_and_is_logged_once(jobs: Jobs) -> None:
    bad = jobs.job("bad", then=fail(ValueError("broken")))
    with capture_logs() as logs, jobs.at_work(bad, jobs.job("good")) as scheduler:
        jobs.ran("bad", 3)
        jobs.ran("good", 3)
        [good] = [run for run in scheduler.runs() if run.name == "good"]
        [failed] = [run for run in scheduler.runs() if run.name == "bad"]

    [entry] = [entry for entry in logs if entry["event"] == "periodic job failed"]
    assert (entry["job"], entry["log_level"]) == ("bad", "error")
    assert good.failing_since is None
    assert failed.failing_since is not None
    assert failed.failing_since < failed.ran_at
    assert jobs.ended["bad", False] >= 2
    assert {name for name, succeeded in jobs.ended if succeeded} == {"good"}


def test_what_the_database_says_is_wrong_is_logged_once_for_each_kind(jobs: Jobs) -> None:
    faults: list[Exception] = [DEADLOCK]
    scheduler = jobs.scheduler(jobs.job("job", then=lambda: fail(faults[0])()))
    with capture_logs() as logs:
        scheduler.run("job")
        scheduler.run("job")
        faults[:] = [DISK_FULL]
        scheduler.run("job")
        scheduler.run("job")
    assert [(entry["event"], entry.get("exc_info")) for entry in logs] == [
        ("periodic job failed", DEADLOCK),
        ("database unavailable", None),
    ]


def test_a_job_that_works_again_is_well_and_its_next_failure_is_logged(jobs: Jobs) -> None:
    faults: list[Exception] = [ValueError("broken")]
    job = jobs.job("job", then=lambda: fail(faults[0])() if faults else None)
    scheduler = jobs.scheduler(job)
    with capture_logs() as logs:
        scheduler.run("job")
        faults.clear()
        scheduler.run("job")
        [run] = scheduler.runs()
        faults.append(ValueError("broken again"))
        scheduler.run("job")
    assert run.failing_since is None
    assert len(logs) == 2


def test_a_job_that_hangs_leaves_the_others_alone_and_runs_no_second_time(jobs: Jobs) -> None:
    hanging = jobs.job("hanging", then=jobs.go_on.wait)
    with jobs.at_work(hanging, jobs.job("good")):
        eventually(lambda: jobs.begun["hanging"])
        jobs.ran("good", 10)
        assert jobs.begun["hanging"] == 1


@pytest.mark.usefixtures("_logs_as_before")
def test_a_job_that_hangs_does_not_flood_the_log(
    jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    set_up_logs("json")
    logging.getLogger().addHandler(caplog.handler)
    with jobs.at_work(jobs.job("hanging", then=jobs.go_on.wait), jobs.job("good")):
        eventually(lambda: jobs.begun["hanging"])
        jobs.ran("good", 10)
    assert caplog.messages == []


def test_a_job_that_is_handed_over_has_run_once_that_thread_has_run_it(jobs: Jobs) -> None:
    handed_over = threading.Semaphore(0)
    with jobs.at_work(jobs.handed_over("job", handed_over.release)) as scheduler:
        for _ in range(3):
            assert handed_over.acquire(timeout=30)
        assert scheduler.runs() == []
        scheduler.run("job")
        assert [run.name for run in scheduler.runs()] == ["job"]
    assert jobs.begun["job"] == 1


def test_a_database_that_is_away_is_logged_once_for_all_jobs(jobs: Jobs) -> None:
    bad = [jobs.job(name, then=fail(AWAY)) for name in ("expiry", "lapse")]
    with capture_logs() as logs, jobs.at_work(*bad):
        jobs.ran("expiry", 3)
        jobs.ran("lapse", 3)
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("database unavailable", "warning")
    ]


def test_a_job_that_failed_does_not_wait_for_a_long_interval(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.worker.scheduler, "_RETRY", OFTEN)
    with jobs.at_work(jobs.job("hourly", NEVER, fail(AWAY))):
        jobs.ran("hourly", 3)


def test_another_tick_holds_from_now_on_for_the_jobs_that_ride_on_it(jobs: Jobs) -> None:
    with jobs.at_work(jobs.job("tick", None), jobs.job("rarely", NEVER), tick=NEVER) as scheduler:
        eventually(lambda: jobs.begun["tick"] and jobs.begun["rarely"])
        scheduler.follow(OFTEN)
        jobs.ran("tick", 3)
        assert scheduler.intervals() == {"tick": OFTEN, "rarely": NEVER}
        assert jobs.begun["rarely"] == 1


def test_it_wakes_at_the_time_that_was_named_last(jobs: Jobs) -> None:
    woken = Counter[str]()
    now = datetime.now(UTC)
    with jobs.at_work() as scheduler:
        scheduler.wake_at(now + timedelta(hours=1), lambda: woken.update(["first"]))
        scheduler.wake_at(now + timedelta(seconds=0.1), lambda: woken.update(["second"]))
        eventually(lambda: woken)
        assert datetime.now(UTC) >= now + timedelta(seconds=0.1)
    assert woken == {"second": 1}


def test_p3_jobs_run_on_though_the_wall_clock_was_set_back(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = datetime
    ahead = [timedelta()]

    class WallClock(real):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def]
            return real.now(tz) + ahead[0]

    for module in (apscheduler.schedulers.base, bot.worker.scheduler):
        monkeypatch.setattr(module, "datetime", WallClock)
    with capture_logs() as logs, jobs.at_work(jobs.job("often")) as scheduler:
        scheduler.follow_wall_clock()
        jobs.ran("often")
        ahead[0] = -timedelta(hours=1)

        scheduler.follow_wall_clock()

        jobs.ran("often", 3)
    [entry] = [entry for entry in logs if entry["event"] == "clock set back"]
    assert entry["seconds"] == pytest.approx(3600, abs=1)


def test_runs_that_were_missed_while_the_machine_slept_are_not_counted_first() -> None:
    monday = datetime(2026, 11, 30, tzinfo=UTC)
    interval = bot.worker.scheduler._Interval(seconds=1)
    assert interval.get_next_fire_time(monday - timedelta(days=3), monday) == monday
    assert interval.get_next_fire_time(monday, monday) == monday + timedelta(seconds=1)


def test_it_tells_for_how_long_apscheduler_has_run_nothing(jobs: Jobs) -> None:
    with jobs.at_work(jobs.job("often")) as scheduler:
        jobs.ran("often", 2)
    eventually(lambda: scheduler.silent_seconds() > 0.2)
