"""Whose turn it is: which clusters that are due get a hand, and calls of the API, next."""

import threading
from collections.abc import Sequence
from time import sleep

from structlog.contextvars import bind_contextvars

from bot.providers.base import Purpose
from bot.providers.call_budget import CallBudget
from bot.reconcile.reconciler import Reconciler
from bot.store.clusters import Due

CLUSTER_HANDS = 16
_FAILED_HANDS = 8  # as many at most wait for clusters that failed last time
_LOOKING_HANDS = 4  # as many at most look at others; so some are left for changes on those
_WAITING_HANDS = 6  # as many at most look or start access on others; so some are left for ends
_CALLS = 3  # to read, to write, to read back
_BUSY_SECONDS = 0.5


class ReconcileDuty:
    """The clusters that are due, each by one hand at a time, as the budget of calls allows.

    Ends come first, then starts, then mere looks. Looks and starts take a share of the budget and
    of the hands at most, so that the end of a grant finds some left (P3). A cluster whose API hangs
    holds a hand for as long as the client waits: so only a share of the hands goes to clusters that
    failed last time, and the others never have to wait for those.
    """

    def __init__(self, reconciler: Reconciler, budget: CallBudget) -> None:
        self._reconciler = reconciler
        self._budget = budget
        self._in_hand: dict[str, Due] = {}
        self._lock = threading.Lock()

    def claim(self, *, most: int) -> Sequence[str]:
        """Return clusters that are due and that nobody here is at."""
        claimed: list[str] = []
        with self._lock:
            for due in self._reconciler.due(most=most + len(self._in_hand)):
                if len(claimed) == most:
                    break
                if due.id not in self._in_hand and self._fits(due):
                    self._in_hand[due.id] = due
                    claimed.append(due.id)
        return claimed

    def carry_out(self, item: str) -> object:
        """Reconcile one cluster; where another process is at it, leave it alone for a moment."""
        bind_contextvars(cluster=self._reconciler.alias_of(item))
        try:
            done = self._reconciler.reconcile(item)
            if not done:
                sleep(_BUSY_SECONDS)
            return done
        finally:
            with self._lock:
                self._in_hand.pop(item, None)

    def _fits(self, due: Due) -> bool:
        """Tell whether there are hands for it, and calls besides those promised already."""
        others = list(self._in_hand.values())
        if due.failed and sum(other.failed for other in others) >= _FAILED_HANDS:
            return False
        if due.has_end:  # what others are promised comes from a share that is not for ends
            promised = _CALLS * sum(other.has_end for other in others)
            return self._budget.room(Purpose.ENDS) >= promised + _CALLS
        waiting = [other for other in others if not (other.has_end or other.failed)]
        looks = sum(not other.has_change for other in waiting)
        if not due.failed and len(waiting) >= _WAITING_HANDS:
            return False
        promised = _CALLS * len(others)
        if due.has_change:
            return self._budget.room(Purpose.STARTS) >= promised + _CALLS
        has_hands = due.failed or looks < _LOOKING_HANDS
        return has_hands and self._budget.room(Purpose.CHECKS) > promised
