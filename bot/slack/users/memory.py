"""What Slack's directory said, and until when it may be believed."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

_REMEMBERED_SECONDS = 60.0

T = TypeVar("T")


@dataclass(frozen=True)
class _Fact(Generic[T]):
    value: T
    asked_at: datetime
    fresh_until: float


class Memory(Generic[T]):
    """What was said of each of many things, fresh for a minute. Thread-safe.

    `clock_seconds` returns seconds that only grow.
    """

    def __init__(self, clock_seconds: Callable[[], float]) -> None:
        self._clock_seconds = clock_seconds
        self._facts: dict[str, _Fact[T]] = {}
        self._lock = threading.Lock()

    def remember(self, key: str, value: T, asked_at: datetime) -> None:
        """Keep what was just said; *asked_at* is when it was asked (aware UTC)."""
        until = self._clock_seconds() + _REMEMBERED_SECONDS
        with self._lock:
            self._facts[key] = _Fact(value, asked_at, until)

    def fresh(self, key: str) -> T | None:
        """Return what was said within the last minute."""
        with self._lock:
            fact = self._facts.get(key)
        return fact.value if fact and self._clock_seconds() < fact.fresh_until else None

    def last(self, key: str) -> T | None:
        """Return what was said last, however long ago."""
        with self._lock:
            fact = self._facts.get(key)
        return fact.value if fact else None

    def all_keys(self) -> list[str]:
        """Return of what anything was ever said."""
        with self._lock:
            return list(self._facts)

    def outdate(self, key: str) -> None:
        """Have what was said no longer count as fresh."""
        with self._lock:
            if key in self._facts:
                self._facts[key] = replace(self._facts[key], fresh_until=0.0)

    def forget(self, keys: Iterable[str], *, asked_until: datetime) -> None:
        """Forget what was asked no later than that."""
        with self._lock:
            for key in keys:
                if key in self._facts and self._facts[key].asked_at <= asked_until:
                    del self._facts[key]
