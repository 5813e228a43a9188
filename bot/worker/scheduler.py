"""APScheduler keeps the time: it runs each periodic job at its interval, and wakes the worker.

The tables are the schedule of all else, so nothing is lost with APScheduler's jobs, which are in
memory.
"""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from structlog.contextvars import bound_contextvars

from bot.clock import Clock
from bot.store.database_state import DatabaseState
from bot.store.failures import error_code
from bot.store.periodic import JobRun
from bot.worker.periodic_jobs import PeriodicJob

_THREADS = 4
_APART = timedelta(milliseconds=10)  # the first runs, in the order of the list
_RETRY = timedelta(minutes=1)  # a job that failed does not wait for longer, whatever its interval
_SILENT_INTERVALS = 3  # of the job that runs most often
_SET_BACK_SECONDS = 0.5
_SOON_SECONDS = 0.02
_WAKE_UP = "wake-up"

log = structlog.get_logger()


class _Interval(IntervalTrigger):  # type: ignore[misc]  # APScheduler has no types
    """An interval of which the runs that were missed are skipped.

    APScheduler would count them all first: after a weekend in which the machine slept, for many
    seconds, while access that has run out waits for its end.
    """

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """Return the next time, which is *now* where it has passed."""
        if previous_fire_time is None:
            return now
        interval: timedelta = self.interval
        return max(previous_fire_time, now - interval) + interval


class JobScheduler:
    """Runs periodic jobs, each by itself: one that fails or hangs leaves the others alone.

    Args:
        jobs: each with a name of its own.
        clock: tells when a job ran.
        tick: the interval of the jobs that have none of their own.
        database_state: is told of a database that is away.
        on_run: called after each run with the job's name, and whether it succeeded.
    """

    def __init__(
        self,
        jobs: Iterable[PeriodicJob],
        clock: Clock,
        *,
        tick: timedelta,
        database_state: DatabaseState,
        on_run: Callable[[str, bool], None],
    ) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._clock = clock
        self._tick = tick
        self._database_state = database_state
        self._on_run = on_run
        self._locks = {name: threading.Lock() for name in self._jobs}
        self._runs: dict[str, JobRun] = {}
        self._failures: dict[str, tuple[type[Exception], str]] = {}
        self._last_fired = monotonic()
        self._wall_clock = _wall_clock()
        self._apscheduler = BackgroundScheduler(
            timezone=UTC,
            executors={
                "default": ThreadPoolExecutor(_THREADS),
                _WAKE_UP: ThreadPoolExecutor(1),  # no job that hangs delays it
            },
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Run each job now, and from now on at its interval."""
        for number, job in enumerate(self._jobs.values()):
            self._apscheduler.add_job(
                self._fire,
                _interval(self._every(job)),
                args=[job.name],
                id=job.name,
                next_run_time=datetime.now(UTC) + number * _APART,
            )
        self._last_fired = monotonic()
        self._apscheduler.start()

    def stop(self) -> None:
        """Begin no job any more."""
        if not self._apscheduler.running:
            return
        with suppress(JobLookupError):  # APScheduler fails where it has to remove it while it stops
            self._apscheduler.remove_job(_WAKE_UP)
        self._apscheduler.shutdown(wait=False)

    def follow(self, tick: timedelta) -> None:
        """Have the jobs that ride on the tick run at another one from now on, and now."""
        self._tick = tick
        if not self._apscheduler.running:
            return
        for job in self._jobs.values():
            if job.every is None:
                trigger = _interval(tick)
                self._apscheduler.modify_job(
                    job.name, trigger=trigger, next_run_time=datetime.now(UTC)
                )

    def wake_at(self, at: datetime, wake: Callable[[], None]) -> None:
        """Have *wake* called at that time of the clock, and at none that was named before."""
        if not self._apscheduler.running:
            return
        seconds = max(self._clock.seconds_until(at), _SOON_SECONDS)
        self._apscheduler.add_job(
            wake,
            "date",
            run_date=datetime.now(UTC) + timedelta(seconds=seconds),
            id=_WAKE_UP,
            executor=_WAKE_UP,
            replace_existing=True,
        )

    def follow_wall_clock(self) -> None:
        """Run each job now if the wall clock was set back; to be called every second or so.

        APScheduler sleeps until a time of the wall clock: set back by an hour, it would sleep for
        an hour more, and grants would end late by that (P3). Nothing in the tables tells of this,
        so only who looks at the clock again and again can find it out.
        """
        before, self._wall_clock = self._wall_clock, _wall_clock()
        if self._wall_clock >= before - _SET_BACK_SECONDS or not self._apscheduler.running:
            return
        log.warning("clock set back", seconds=round(before - self._wall_clock, 3))
        for name in self._jobs:
            self._apscheduler.modify_job(name, next_run_time=datetime.now(UTC))

    def run(self, name: str) -> Exception | None:
        """Run a job now. What is raised there is logged, counted and returned."""
        job, failed = self._jobs[name], None
        with self._locks[name], bound_contextvars(job=name):
            try:
                job.work()
            except Exception as error:
                failed = error
            self._note(job, failed)
        return failed

    def intervals(self) -> dict[str, timedelta]:
        """Return how often each job runs, by its name and in the order of the list."""
        return {name: self._every(job) for name, job in self._jobs.items()}

    def runs(self) -> list[JobRun]:
        """Return the last run of each job that has run."""
        return list(self._runs.values())

    def silent_seconds(self) -> float:
        """Return for how long APScheduler has run nothing."""
        return monotonic() - self._last_fired

    def is_silent(self) -> bool:
        """Tell whether APScheduler has run nothing for longer than it should."""
        shortest = min(self.intervals().values()).total_seconds()
        return self.silent_seconds() > _SILENT_INTERVALS * shortest

    def _fire(self, name: str) -> None:
        self._last_fired = monotonic()
        job = self._jobs[name]
        if not self._apscheduler.running:
            return
        if job.hand_over is not None:
            job.hand_over()
        elif self.run(name) and self._every(job) > _RETRY:
            with suppress(JobLookupError):  # it was stopped meanwhile
                self._apscheduler.modify_job(name, next_run_time=datetime.now(UTC) + _RETRY)

    def _note(self, job: PeriodicJob, error: Exception | None) -> None:
        now, failing_since = self._clock.now(), None
        if error is not None:
            before = self._runs.get(job.name)
            failing_since = (before and before.failing_since) or now
        self._runs[job.name] = JobRun(job.name, self._every(job), now, failing_since)
        self._on_run(job.name, error is None)
        if error is None:
            self._failures.pop(job.name, None)
        elif not self._database_state.explains(error):
            kind = (type(error), error_code(error))
            is_news = self._failures.get(job.name) != kind
            self._failures[job.name] = kind
            if is_news:  # not at every tick again
                log.error("periodic job failed", job=job.name, exc_info=error)

    def _every(self, job: PeriodicJob) -> timedelta:
        return job.every or self._tick


def _interval(every: timedelta) -> _Interval:
    """Return an interval in UTC; else APScheduler asks for the local zone, and TZ may name none."""
    return _Interval(seconds=every.total_seconds(), timezone=UTC)


def _wall_clock() -> float:
    """Return how far the wall clock is from a clock that nobody sets, in seconds."""
    return datetime.now(UTC).timestamp() - monotonic()
