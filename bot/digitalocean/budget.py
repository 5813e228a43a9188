"""The budget: how many calls DigitalOcean still allows, as far as this process has made them.

A token may make 250 calls a minute and 5,000 an hour. Whoever runs into that is told to wait, and
then a rule that has to go waits behind checks that could have. So calls are counted beforehand.
"""

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.digitalocean.errors import Call

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


class CallBudget:
    """Counts calls in the last minute and the last hour. Thread-safe.

    `limits` says how many calls are allowed in a minute and in an hour, as of now.
    """

    def __init__(self, clock: Clock, limits: Callable[[], tuple[int, int]]) -> None:
        self._clock = clock
        self._limits = limits
        self._windows = (_Window(_MINUTE), _Window(_HOUR))
        self._lock = threading.Lock()

    def note(self, _call: Call) -> None:
        """Count a call; refused or failed, it counts as well."""
        with self._lock:
            now = self._clock.now()
            for window in self._windows:
                window.calls.append(now)

    def room(self, share: float = 1.0) -> int:
        """Return how many more calls fit within that share of both limits; never below zero."""
        with self._lock:
            now = self._clock.now()
            room = [
                int(limit * share) - window.count(now)
                for window, limit in zip(self._windows, self._limits(), strict=True)
            ]
            return max(min(room), 0)


class _Window:
    def __init__(self, length: timedelta) -> None:
        self._length = length
        self.calls: deque[datetime] = deque()

    def count(self, now: datetime) -> int:
        while self.calls and not now - self._length < self.calls[0] <= now:
            self.calls.popleft()  # it is long ago, or the clock was set back since
        return len(self.calls)
