"""Tells the page that something changed: server-sent events with a growing number."""

from __future__ import annotations

import threading
from collections.abc import Iterator

KEEP_ALIVE_SECONDS = 10.0


class ChangeFeed:
    """Counts changes; `events` is an endless response with each new count."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 1
        self._closed = False

    @property
    def count(self) -> int:
        """The number of changes so far."""
        with self._changed:
            return self._count

    def notify(self, *_: object) -> None:
        """Count a change; takes what a sandbox passes to its listeners."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def close(self) -> None:
        """End all responses."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def events(self) -> Iterator[bytes]:
        """Yield server-sent events: the count now, and again whenever it has grown."""
        told = 0
        while True:
            count = self._after(told)
            if count is None:
                return
            yield f"data: {count}\n\n".encode() if count > told else b": still here\n\n"
            told = count

    def _after(self, told: int) -> int | None:
        """Return the count once it is above `told`, or after a while; None after `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._count > told, KEEP_ALIVE_SECONDS)
            return None if self._closed else self._count
