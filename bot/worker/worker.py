"""The worker: has what is due handled, by job queues and by periodic jobs.

The tables are the schedule. A wake-up that comes late or twice does no harm, and none is dropped.
"""

import math
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from datetime import timedelta
from time import monotonic
from typing import Any

from bot.access import AccessService
from bot.clock import Clock
from bot.providers.call_budget import CallBudget
from bot.reconcile.reconciler import Reconciler
from bot.store import audit, heartbeats, jobs, periodic
from bot.store.database import Database
from bot.store.jobs import Kind
from bot.stream.delivery import Stream
from bot.worker.cluster_queue import CLUSTER_CONCURRENCY, ClusterJobs
from bot.worker.job_queue import Executors, JobQueue, threads
from bot.worker.periodic_jobs import HEARTBEAT, NEXT_DUE, RECONCILE, STREAM, periodic_jobs
from bot.worker.scheduler import JobScheduler
from bot.worker.stored_jobs import Handler, StoredJobs

_CONCURRENCY = {  # each kind has its own threads; half of them at most are for what has failed
    Kind.MESSAGE: 8,
    Kind.REPLY: 8,
    Kind.COMMAND: 8,
    Kind.HOME: 4,
    Kind.ACCOUNT: 2,
    Kind.SESSIONS: 4,
    Kind.USAGE: 4,
    Kind.DROPLETS: 1,
}
_CLOCK_CHECK_SECONDS = 1.0
_BREATH_SECONDS = 0.002  # whoever woke us may still have to answer somebody, and others may follow
_GRACE_SECONDS = 2.0


class Worker:
    """Does what is due, in one process. Any number of workers may share a PostgreSQL database.

    Args:
        handlers: do the jobs that are stored, by their kind; clusters come on top.
        stream: sends the audit to its receiver.
        tick: the interval of periodic jobs that have none of their own.
        begin_offboarding: has those looked up who may have left the workspace.
        begin_usage: has database servers asked who is connected.
        check_issuers: says why the keys of machines' issuers cannot be read; empty if they can.
        on_run: called after each run of a periodic job with its name, and whether it succeeded.
        executors: makes what jobs run in.
    """

    def __init__(
        self,
        database: Database,
        access: AccessService,
        reconciler: Reconciler,
        handlers: Mapping[Kind, Handler],
        stream: Stream,
        clock: Clock,
        *,
        tick: timedelta,
        budget: CallBudget,
        begin_offboarding: Callable[[], object] = lambda: None,
        begin_usage: Callable[[], object] = lambda: None,
        check_issuers: Callable[[], dict[str, str]] = dict,
        on_run: Callable[[str, bool], None] = lambda _job, _succeeded: None,
        executors: Executors = threads,
    ) -> None:
        self._database = database
        self._access = access
        self._reconciler = reconciler
        self._stream = stream
        self._clock = clock
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._has_new_policy = threading.Event()
        self._has_to_retry_stream = threading.Event()
        self._started_at = clock.now()
        self._came_round = monotonic()
        self._database_state = state = database.state
        self._queues: dict[str, JobQueue[Any]] = {
            kind: JobQueue(
                kind,
                StoredJobs(kind, handler, database, clock, concurrency=_CONCURRENCY[kind]),
                self.wake,
                state,
                concurrency=_CONCURRENCY[kind],
                executors=executors,
            )
            for kind, handler in handlers.items()
        }
        self._queues[RECONCILE] = JobQueue(
            RECONCILE,
            ClusterJobs(reconciler, budget, state),
            self.wake,
            state,
            concurrency=CLUSTER_CONCURRENCY,
            executors=executors,
        )
        self._queues[STREAM] = JobQueue(
            STREAM, stream, self.wake, state, concurrency=1, executors=executors
        )
        jobs = periodic_jobs(
            access,
            budget,
            list(self._queues.values()),
            begin_offboarding=begin_offboarding,
            begin_usage=begin_usage,
            check_issuers=check_issuers,
            run_due=self.run_due,
            wake=self.wake,
            beat=self._beat,
        )
        self._scheduler = JobScheduler(jobs, clock, tick=tick, database_state=state, on_run=on_run)
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    @property
    def intervals(self) -> dict[str, timedelta]:
        """How often each periodic job runs, by its name."""
        return self._scheduler.intervals()

    def start(self) -> None:
        """Begin: have every cluster read, take over what an earlier process left, keep time."""
        self._started_at = self._clock.now()
        try:
            self.take_over()
        except Exception as error:  # it was there a moment ago; the first tick tries again
            if not self._database_state.explains(error):
                raise
            self._has_new_policy.set()
        self._thread.start()
        self._scheduler.start()
        self.wake()

    def take_over(self) -> None:
        """Have every cluster read, and give back what a killed process had claimed."""
        self._reconciler.watch_all()
        self._stream.hurry()
        with self._database.transaction() as session:
            audit.follow_key(session, at=self._clock.now())
        if self._database.is_sqlite:  # one process at a time: whoever had claimed is gone
            with self._database.transaction() as session:
                jobs.release_leases(session)

    def follow(self, *, tick: timedelta) -> None:
        """Follow a new policy: every cluster is read, and from now on that is the tick."""
        self._has_new_policy.set()
        self._scheduler.follow(tick)
        self.wake()

    def retry_stream(self) -> None:
        """Have the stream tried again now, though its receiver failed a moment ago."""
        self._has_to_retry_stream.set()
        self.wake()

    def wake(self) -> None:
        """Have what is due done now. May be called from any thread, any number of times."""
        self._woken.set()

    def stop(self) -> None:
        """Take on nothing more, and let jobs in progress end, if that takes only a moment.

        What does not end is done again by the next process.
        """
        self._stopping.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self._scheduler.stop()
        self._stream.stop()
        in_progress = self.in_progress()
        for queue in self._queues.values():
            queue.close()
        wait(in_progress, timeout=_GRACE_SECONDS)

    def in_progress(self) -> set[Any]:
        """Return the jobs that are being handled now."""
        return {job for queue in self._queues.values() for job in queue.in_progress()}

    def seconds_since_last_tick(self) -> float:
        """Return for how long nobody has kept time here; 0 before the start and after the end."""
        if self._thread.ident is None or self._stopping.is_set():
            return 0.0
        if not self._thread.is_alive():
            return math.inf
        return max(monotonic() - self._came_round, self._scheduler.silent_seconds())

    def run_due(self) -> int:
        """Do what is due by the tables; return how many jobs were handed out.

        APScheduler wakes the worker again when the next thing is due.
        """
        try:
            self._follow_policy()
        finally:  # what is due has waited long enough
            count = self._run_due()
        return count

    def _run_due(self) -> int:
        next_due = self._access.next_due()
        due = next_due.due(self._clock.now())
        periodic_due = [name for name in due if name in self.intervals]
        for name in periodic_due:
            self._scheduler.run(name)
        if periodic_due:
            next_due = self._access.next_due()
            due = next_due.due(self._clock.now())
        coming = next_due.coming(self._clock.now())
        if coming is not None:
            self._scheduler.wake_at(coming, self.wake)
        return self._dispatch(due)

    def _dispatch(self, due: Sequence[str]) -> int:
        """Dispatch what is due in each queue; one that fails leaves the others alone."""
        count, failed = 0, None
        for name, queue in self._queues.items():
            try:
                count += queue.dispatch() if name in due else 0
            except Exception as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return count

    def run_periodic_job(self, name: str) -> Exception | None:
        """Run one of the periodic jobs now, whatever its interval; return what it failed with."""
        return self._scheduler.run(name)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._came_round = monotonic()
            is_woken = self._woken.wait(timeout=_CLOCK_CHECK_SECONDS)
            self._scheduler.follow_wall_clock()
            # Grants end on time though APScheduler's threads are gone, or all of them hang (P3).
            if not is_woken and not self._scheduler.is_silent():
                continue
            if self._stopping.wait(_BREATH_SECONDS):
                continue
            self._woken.clear()
            self._scheduler.run(NEXT_DUE)  # what fails is tried again at the next tick

    def _follow_policy(self) -> None:
        _once(self._has_new_policy, self._reconciler.watch_all, self._stream.hurry)
        _once(self._has_to_retry_stream, self._stream.hurry)

    def _beat(self) -> None:
        now, intervals = self._clock.now(), self.intervals
        del intervals[HEARTBEAT]  # told right here
        runs = [run for run in self._scheduler.runs() if run.name in intervals]
        with self._database.transaction() as session:
            heartbeats.beat(session, self._name, now)
            periodic.record_runs(
                session, runs, intervals=intervals, started_at=self._started_at, now=now
            )


def _once(asked: threading.Event, *acts: Callable[[], object]) -> None:
    """Do what was asked for; if that fails, the next tick tries again."""
    if not asked.is_set():
        return
    asked.clear()
    try:
        for act in acts:
            act()
    except Exception:
        asked.set()
        raise
