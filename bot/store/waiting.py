"""Waiting: how many things of a kind wait."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Waiting:
    """How many things wait, and since when the oldest does."""

    count: int = 0
    since: datetime | None = None

    def seconds(self, now: datetime) -> float:
        """Return for how long the oldest has been waiting; 0 if nothing waits."""
        return max((now - self.since).total_seconds(), 0.0) if self.since else 0.0
