"""The query limit: how often one person may have something looked up at DigitalOcean."""

from collections import deque
from collections.abc import Callable
from math import ceil
from threading import Lock

from bot.domain.refusal import Refused
from bot.domain.refusals.lookups import LookedUpTooOften

_MOST = 10
_WITHIN_SECONDS = 60.0


class QueryLimit:
    """Counts each person's queries in the last minute. Thread-safe.

    Args:
        elapsed: seconds that only grow.
    """

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._lock = Lock()
        self._looks: dict[str, deque[float]] = {}

    def check(self, user_id: str) -> None:
        """Count one query.

        Raises:
            Refused: it is one too many, and is not counted.
        """
        with self._lock:
            now = self._elapsed()
            self._forget_before(now - _WITHIN_SECONDS)
            looks = self._looks.setdefault(user_id, deque())
            if len(looks) >= _MOST:
                seconds = ceil(looks[0] + _WITHIN_SECONDS - now)
                raise Refused(LookedUpTooOften(most=_MOST, seconds=seconds))
            looks.append(now)

    def _forget_before(self, moment: float) -> None:
        for looks in self._looks.values():
            while looks and looks[0] <= moment:
                looks.popleft()
        self._looks = {user_id: looks for user_id, looks in self._looks.items() if looks}
