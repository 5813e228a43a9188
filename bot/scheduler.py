"""The worker: wakes the reconciler, the outbox, the errands and the clockwork.

The tables are the schedule. APScheduler only makes sure that somebody looks at them: at every
tick, and at the very moment when the next thing is due. A wake-up that comes late or twice does
no harm, and none is ever dropped.
"""

import math
import os
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from structlog.contextvars import bind_contextvars

from bot.access import AccessService
from bot.clock import Clock
from bot.providers.call_budget import CallBudget
from bot.reconcile.reconciler import Reconciler
from bot.reconcile_duty import CLUSTER_HANDS, ReconcileDuty
from bot.store import audit, errands, heartbeats, homes, outbox
from bot.store.agenda import Agenda, read_agenda
from bot.store.database import DATABASE_UNAVAILABLE, Database

_BEAT_SECONDS = 5.0
_HANDS = 8
_SOON = 0.02
_BREATH_SECONDS = 0.002  # whoever woke us may still have to answer somebody, and others may follow
_GRACE_SECONDS = 2.0
_ALMOST = 0.9  # a tick may come a little early

T = TypeVar("T")
log = structlog.get_logger()


class Duty(Protocol[T]):
    """Something that is claimed from a table and then carried out."""

    def claim(self, *, most: int) -> Sequence[T]:
        """Return at most that many things to do now."""
        ...

    def carry_out(self, item: T) -> object:
        """Do one of them, in a logging context of its own: what is bound there stays there."""
        ...


class Lane(Generic[T]):
    """One kind of duty, carried out by a few threads, so that a slow one holds up no other."""

    def __init__(
        self, name: str, duty: Duty[T], done: Callable[[], None], *, hands: int = _HANDS
    ) -> None:
        self.name = name
        self._duty = duty
        self._done = done
        self._hands = hands
        self._pool = ThreadPoolExecutor(hands, thread_name_prefix=name)
        self._under_way: set[Future[None]] = set()
        self._lock = threading.Lock()

    def dispatch(self) -> None:
        """Hand out what is due to the threads that are free."""
        with self._lock:
            free = self._hands - len(self._under_way)
        if free <= 0:
            return
        for item in self._duty.claim(most=free):
            doing = self._pool.submit(copy_context().run, self._carry_out, item)
            with self._lock:
                self._under_way.add(doing)
            doing.add_done_callback(self._is_over)

    def work_off(self) -> int:
        """Do what is due now, here and in order; return how much that was. For tests."""
        items = self._duty.claim(most=self._hands)
        for item in items:
            copy_context().run(self._duty.carry_out, item)
        return len(items)

    def close(self) -> set[Future[None]]:
        """Take on nothing more; return what is under way, which ends by itself or is done again."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            return set(self._under_way)

    def _carry_out(self, item: T) -> None:
        bind_contextvars(lane=self.name)
        try:
            self._duty.carry_out(item)
        except Exception:  # a thread must not die silently; the row is still due
            log.exception("duty failed")

    def _is_over(self, doing: Future[None]) -> None:
        with self._lock:
            self._under_way.discard(doing)
        self._done()


class Worker:
    """Keeps time for one process. Any number of workers may share a PostgreSQL database."""

    def __init__(
        self,
        database: Database,
        access: AccessService,
        reconciler: Reconciler,
        duties: dict[str, Duty[Any]],
        clock: Clock,
        *,
        tick: timedelta,
        budget: CallBudget,
    ) -> None:
        self._database = database
        self._access = access
        self._reconciler = reconciler
        self._clock = clock
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._has_new_policy = threading.Event()
        self._last_beat = -_BEAT_SECONDS
        self._last_tick = self._settled_at = -math.inf
        self._came_round = monotonic()
        self._lanes = [Lane(name, duty, self.wake) for name, duty in duties.items()]
        reconciling = ReconcileDuty(reconciler, budget)
        self._lanes.append(Lane("reconcile", reconciling, self.wake, hands=CLUSTER_HANDS))
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True}
        )
        self._tick_seconds = tick.total_seconds()
        self._scheduler.add_job(self.wake, "interval", seconds=self._tick_seconds, id="tick")
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        """Begin: look at every cluster, take up what an earlier process left, keep time."""
        try:
            self.take_up()
        except (
            DATABASE_UNAVAILABLE
        ) as error:  # it was there a moment ago; the first tick tries again
            log.warning("database away", error=type(error).__name__)
            self._has_new_policy.set()
        self._thread.start()
        self._scheduler.start()
        self.wake()

    def take_up(self) -> None:
        """Have every cluster looked at, and give back what a killed process had claimed."""
        self._reconciler.watch_all()
        with self._database.transaction() as session:
            audit.follow_key(session, at=self._clock.now())
        if self._database.is_sqlite:  # one process at a time: whoever had claimed is gone
            with self._database.transaction() as session:
                outbox.release_claims(session)
                errands.release_claims(session)
                homes.release_claims(session)

    def follow(self, *, tick: timedelta) -> None:
        """Take up a new policy: every cluster is looked at, and from now on at that tick."""
        self._tick_seconds = tick.total_seconds()
        self._scheduler.reschedule_job("tick", trigger="interval", seconds=self._tick_seconds)
        self._has_new_policy.set()
        self.wake()

    def wake(self) -> None:
        """Look now. May be called from any thread, at any time, any number of times."""
        self._woken.set()

    def stop(self) -> None:
        """Stop looking, and let what is under way end, if that takes no longer than a moment.

        What does not is done again by the next process.
        """
        self._stopping.set()
        self.wake()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        under_way = [doing for lane in self._lanes for doing in lane.close()]
        wait(under_way, timeout=_GRACE_SECONDS)

    def quiet_seconds(self) -> float:
        """Return for how long the thread that keeps time has not come round; 0 before it began."""
        if self._thread.ident is None or self._stopping.is_set():
            return 0.0
        return monotonic() - self._came_round if self._thread.is_alive() else math.inf

    def look(self) -> None:
        """Do what has come to its time, and find out when to look again.

        At a tick everything is looked into; at the wake-ups between, only what the agenda names.
        """
        self._beat()
        self._take_up_policy()
        is_tick = monotonic() - self._last_tick >= _ALMOST * self._tick_seconds
        if is_tick:
            self._last_tick = monotonic()
        agenda = self._agenda()
        if is_tick or self._has_come(agenda.clockwork):
            self._access.keep_time()
            agenda = self._agenda()
        for lane in self._lanes:
            if is_tick or self._is_due(lane, agenda):
                lane.dispatch()
        self._set_alarm_clock(agenda)

    def settle(self) -> None:
        """Do all that is due now, here, until nothing is: a tick, then wake-ups. For tests.

        By the clock that was passed in: while it stands still no tick comes, as in the second after
        a real one, and what follows a wake-up is only what the agenda names.
        """
        since = self._clock.elapsed() - self._settled_at
        if not 0 <= since < self._tick_seconds:
            self._settled_at = self._clock.elapsed()
            self._access.keep_time()
            self._work_off(self._lanes)
        while self._work_off(self._lanes_due()):
            pass

    def _lanes_due(self) -> list[Lane[Any]]:
        agenda = self._agenda()
        if self._has_come(agenda.clockwork):
            self._access.keep_time()
            agenda = self._agenda()
        return [lane for lane in self._lanes if self._is_due(lane, agenda)]

    def _is_due(self, lane: Lane[Any], agenda: Agenda) -> bool:
        return lane.name not in agenda.lanes or self._has_come(agenda.lanes[lane.name])

    def _work_off(self, lanes: Iterable[Lane[Any]]) -> int:
        return sum([lane.work_off() for lane in lanes])

    def _run(self) -> None:
        while True:
            self._came_round = monotonic()
            # APScheduler goes by the wall clock: set back by an hour, it would sleep for an hour.
            self._woken.wait(timeout=self._tick_seconds)
            self._stopping.wait(_BREATH_SECONDS)
            self._woken.clear()
            if self._stopping.is_set():
                return
            try:
                self.look()
            except Exception:  # the database may be away; the next tick looks again
                log.exception("look failed")

    def _take_up_policy(self) -> None:
        if not self._has_new_policy.is_set():
            return
        self._has_new_policy.clear()
        try:
            self._reconciler.watch_all()
        except Exception:
            self._has_new_policy.set()  # the next look tries again
            raise

    def _beat(self) -> None:
        if monotonic() - self._last_beat >= _BEAT_SECONDS:
            with self._database.transaction() as session:
                heartbeats.beat(session, self._name, self._clock.now())
            self._last_beat = monotonic()

    def _agenda(self) -> Agenda:
        with self._database.reading() as session:
            return read_agenda(session)

    def _has_come(self, at: datetime | None) -> bool:
        return at is not None and at <= self._clock.now()

    def _set_alarm_clock(self, agenda: Agenda) -> None:
        """Wake exactly when the next thing is due, if that is before the next tick."""
        coming = agenda.coming(self._clock.now())
        if coming and self._scheduler.running and not self._stopping.is_set():
            seconds = max(self._clock.seconds_until(coming), _SOON)
            self._scheduler.add_job(
                self.wake,
                "date",
                run_date=datetime.now(UTC) + timedelta(seconds=seconds),
                id="next",
                replace_existing=True,
            )
