"""The worker by the clock of a test, without threads and APScheduler."""

import math
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

from bot.clock import Clock
from bot.worker import Worker

T = TypeVar("T")
Expects = Callable[[BaseException], bool]
_NOT_HERE = ("heartbeat", "next_due")


def nothing(_error: BaseException) -> bool:
    """Expect no failure at all."""
    return False


class Inline(Executor):
    """Runs everything at once, in the thread that submits it.

    What is raised there is raised, unless the test *expects* it: then it is noted as in a thread.
    """

    def __init__(self, expects: Expects = nothing) -> None:
        self._expects = expects

    def submit(self, act: Callable[..., T], /, *args: Any, **named: Any) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(act(*args, **named))
        except Exception as error:
            if not self._expects(error):
                raise
            done.set_exception(error)
        return done


def inline(_concurrency: int, _name: str) -> Executor:
    """Return the executor of a job queue whose jobs run in the thread of the test."""
    return Inline()


class Timetable:
    """Has a worker do all that is due, by a clock that stands still until a test moves it.

    `expects` tells which failures are part of the story; any other one of a queue is raised. A
    worker *with_nothing_to_do* at its start, as with an empty database, need not look: its periodic
    jobs run when their intervals have passed.
    """

    def __init__(
        self,
        worker: Worker,
        clock: Clock,
        expects: Expects = nothing,
        *,
        with_nothing_to_do: bool = False,
    ) -> None:
        self._worker = worker
        self._clock = clock
        self._expects = expects
        self._ran_at: dict[str, float] = {}
        if with_nothing_to_do:
            self._ran_at = dict.fromkeys(worker.intervals, clock.elapsed())

    def settle(self) -> None:
        """Run the periodic jobs whose interval has passed, then all that is due by the tables.

        Without the heartbeat, which nothing but health and metrics asks for; `next_due` would do
        what follows here, but raise nothing.
        """
        now = self._clock.elapsed()
        for name, every in self._worker.intervals.items():
            since = now - self._ran_at.get(name, -math.inf)
            if name not in _NOT_HERE and not 0 <= since < every.total_seconds():
                self._ran_at[name] = now
                error = self._worker.run_periodic_job(name)
                if error and name.endswith("_queue") and not self._expects(error):
                    raise error  # by a job of that queue
        while self._run_due():
            pass

    def _run_due(self) -> int:
        try:
            return self._worker.run_due()
        except Exception as error:
            if not self._expects(error):
                raise
            return 0
