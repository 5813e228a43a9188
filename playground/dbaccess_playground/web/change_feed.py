"""How the page hears that something changed: a number that grows, sent as server-sent events."""

from __future__ import annotations

import threading
from collections.abc import Iterator

KEEP_ALIVE_SECONDS = 10.0


class Changes:
    """Counts what happened; `heard` is an endless answer that tells each new count."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 1
        self._closed = False

    @property
    def count(self) -> int:
        """How much has happened so far."""
        with self._changed:
            return self._count

    def note(self, *_: object) -> None:
        """Something happened; takes whatever a sandbox tells its listeners."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def close(self) -> None:
        """End all answers."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def heard(self) -> Iterator[bytes]:
        """Server-sent events: the count now, and again whenever it has grown."""
        told = 0
        while True:
            count = self._after(told)
            if count is None:
                return
            yield f"data: {count}\n\n".encode() if count > told else b": still here\n\n"
            told = count

    def _after(self, told: int) -> int | None:
        """The count once it is past `told`, or after a while; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._count > told, KEEP_ALIVE_SECONDS)
            return None if self._closed else self._count
