"""The latest update of a form: people choose faster than Slack shows what they chose.

Updates run in threads, so an earlier one may be ready after a later one; then it is not made.
"""

from collections import OrderedDict
from threading import Lock

_REMEMBERED = 1_000


class LatestUpdate:
    """Remembers when each form was changed last, of those that changed lately in this process."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def take(self, view_id: str, acted_at: float) -> None:
        """Note that somebody chose something in a form; *acted_at*: Slack's time, Unix seconds."""
        with self._lock:
            self._last[view_id] = max(acted_at, self._last.pop(view_id, acted_at))
            if len(self._last) > _REMEMBERED:
                self._last.popitem(last=False)

    def is_last(self, view_id: str, acted_at: float) -> bool:
        """Tell whether nothing was chosen in that form since."""
        with self._lock:
            return acted_at >= self._last.get(view_id, acted_at)
