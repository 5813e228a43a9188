"""The rate limit: how often somebody may do something within a time, counted in this process."""

from collections import deque
from collections.abc import Callable
from math import ceil
from threading import Lock


class RateLimit:
    """Counts what each of many does in a window that moves along. Thread-safe.

    Args:
        most: how often one may do it within the window.
        seconds: how long the window is.
        elapsed: seconds that only grow.
    """

    def __init__(self, most: int, seconds: float, elapsed: Callable[[], float]) -> None:
        self.most = most
        self._seconds = seconds
        self._elapsed = elapsed
        self._lock = Lock()
        self._done: dict[str, deque[float]] = {}
        self._swept_at = elapsed()

    def seconds_to_wait(self, name: str) -> int:
        """Count it once more and return 0; or, if that is one too many, how long to wait."""
        with self._lock:
            now = self._elapsed()
            if now - self._swept_at >= self._seconds:
                self._forget_before(now - self._seconds)
                self._swept_at = now
            done = self._done.setdefault(name, deque())
            while done and done[0] <= now - self._seconds:
                done.popleft()
            if len(done) >= self.most:
                return max(ceil(done[0] + self._seconds - now), 1)
            done.append(now)
            return 0

    def _forget_before(self, moment: float) -> None:
        """Forget who has done nothing since, so that there is room for others."""
        self._done = {name: done for name, done in self._done.items() if done[-1] > moment}
