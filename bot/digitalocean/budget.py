"""The budget: how many calls DigitalOcean still allows, as far as this process has made them.

A token may make 250 calls a minute and 5,000 an hour. Whoever runs into that is told to wait, and
then a rule that has to go waits behind checks that could have. So calls are counted beforehand.
"""

import threading
from collections import deque
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.digitalocean.errors import Call

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


class CallBudget:
    """Counts calls in the last minute and the last hour. Thread-safe."""

    def __init__(self, clock: Clock, *, per_minute: int, per_hour: int) -> None:
        self._clock = clock
        self._windows = (_Window(_MINUTE, per_minute), _Window(_HOUR, per_hour))
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
            return max(min(window.room(now, share) for window in self._windows), 0)


class _Window:
    def __init__(self, length: timedelta, limit: int) -> None:
        self._length = length
        self._limit = limit
        self.calls: deque[datetime] = deque()

    def room(self, now: datetime, share: float) -> int:
        while self.calls and not now - self._length < self.calls[0] <= now:
            self.calls.popleft()  # it is long ago, or the clock was set back since
        return int(self._limit * share) - len(self.calls)
