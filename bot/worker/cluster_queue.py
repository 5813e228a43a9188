"""Which clusters that are due get a thread, and calls of the API, next."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bind_contextvars

from bot.providers.base import Purpose
from bot.providers.call_budget import CallBudget
from bot.reconcile.reconciler import Reconciler
from bot.retry import Backoff
from bot.store.clusters import Due
from bot.store.database_state import DatabaseState

CLUSTER_CONCURRENCY = 16
_FAILED = 8  # clusters at the same time, at most, that failed last time
_CHECKS = 4  # mere drift checks of others at the same time, so that changes there find a thread
_NOT_ENDS = 6  # drift checks and starts of others at the same time, so that ends find a thread
_CALLS = 3  # to read, to write, to read back
_BUSY_SECONDS = 0.5
_UNRECORDED = Backoff(1.0, 10.0, longest_asked_seconds=10.0)


@dataclass(frozen=True)
class _Wait:
    """How long a cluster waits though its row says *now*.

    Its failure could not be recorded, or another worker was faster.
    """

    failures: int
    since: float
    seconds: float
    in_outage: bool


class ClusterJobs:
    """The clusters that are due, each handled by one thread at a time, within the call budget.

    Ends come first, then starts, then mere drift checks. Checks and starts take a share of the
    budget and of the threads at most, so that the end of a grant finds some left (P3). A cluster
    whose API hangs holds a thread for as long as the client waits: so clusters that failed last
    time take only a share of the threads, and the others never wait for those.

    Where nothing can be saved, no failure is recorded either, and the cluster stays due: then it
    waits in memory, until something can be saved again at the latest.
    """

    def __init__(self, reconciler: Reconciler, budget: CallBudget, state: DatabaseState) -> None:
        self._reconciler = reconciler
        self._budget = budget
        self._state = state
        self._waits: dict[str, _Wait] = {}
        self._in_progress: dict[str, Due] = {}
        self._lock = threading.Lock()

    def claim(self, *, most: int) -> Sequence[str]:
        """Return clusters that are due and that no thread of this process is at."""
        claimed: list[str] = []
        with self._lock:
            for due in self._reconciler.due(most=most + len(self._in_progress)):
                if len(claimed) == most:
                    break
                if self._is_free(due.id) and self._has_room(due):
                    self._in_progress[due.id] = due
                    claimed.append(due.id)
        return claimed

    def handle(self, item: str) -> object:
        """Reconcile one cluster; where another worker is at it, leave it alone for a moment."""
        bind_contextvars(cluster=self._reconciler.alias_of(item))
        try:
            done = self._reconciler.reconcile(item)
        except SQLAlchemyError as error:  # of any other, the failure is recorded
            self._wait(item, error)
            raise
        else:
            self._waits.pop(item, None)
            if not done:
                self._waits[item] = _Wait(0, monotonic(), _BUSY_SECONDS, in_outage=False)
            return done
        finally:
            with self._lock:
                self._in_progress.pop(item, None)

    def _wait(self, item: str, error: SQLAlchemyError) -> None:
        before = self._waits.get(item)
        failures = 1 + (before.failures if before else 0)
        in_outage = self._state.explains(error)
        self._waits[item] = _Wait(failures, monotonic(), _UNRECORDED.seconds(failures), in_outage)

    def _is_free(self, item: str) -> bool:
        """Tell whether no thread is at a cluster, and it need not wait."""
        if item in self._in_progress:
            return False
        wait = self._waits.get(item)
        if wait is None or monotonic() >= wait.since + wait.seconds:
            return True
        return wait.in_outage and self._state.wrote_since(wait.since)

    def _has_room(self, due: Due) -> bool:
        """Tell whether there are threads for it, and calls besides those promised already."""
        others = list(self._in_progress.values())
        if due.failed and sum(other.failed for other in others) >= _FAILED:
            return False
        if due.has_end:  # what others are promised comes from a share that is not for ends
            promised = _CALLS * sum(other.has_end for other in others)
            return self._budget.room(Purpose.ENDS) >= promised + _CALLS
        not_ends = [other for other in others if not (other.has_end or other.failed)]
        checks = sum(not other.has_change for other in not_ends)
        if not due.failed and len(not_ends) >= _NOT_ENDS:
            return False
        promised = _CALLS * len(others)
        if due.has_change:
            return self._budget.room(Purpose.STARTS) >= promised + _CALLS
        has_thread = due.failed or checks < _CHECKS
        return has_thread and self._budget.room(Purpose.CHECKS) > promised
