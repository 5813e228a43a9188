"""How often a method may be called within a minute: Slack counts each one on its own."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable

MINUTE_SECONDS = 60
TIER_2 = 20


class RateLimits:
    """Counts the calls of the last minute; `per_minute` has the methods that are limited.

    The limits of the other tiers are not kept. `clock` returns seconds; hold the workspace's lock.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.per_minute = {"usergroups.list": TIER_2, "usergroups.users.list": TIER_2}
        self.per_minute |= {"users.list": TIER_2, "conversations.list": TIER_2}
        self._clock = clock
        self._calls: dict[str, deque[float]] = defaultdict(deque)

    def draw(self, method: str) -> int | None:
        """Count a call, or return after how many seconds it may be made."""
        limit, now = self.per_minute.get(method), self._clock()
        if limit is None:
            return None
        calls = self._calls[method]
        while calls and not 0 <= now - calls[0] < MINUTE_SECONDS:
            calls.popleft()
        if len(calls) >= limit:
            return math.ceil(calls[0] + MINUTE_SECONDS - now) if calls else MINUTE_SECONDS
        calls.append(now)
        return None
