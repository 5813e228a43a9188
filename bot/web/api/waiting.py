"""Waiting: `Prefer: wait=20` (RFC 7240), so that one call is enough to know that access is open.

Each that waits has a thread of the HTTP server, so only a few may; the others are answered at once.
"""

import re
import time
from collections.abc import Callable
from threading import BoundedSemaphore, Event

from bot.domain.lifecycle import GrantState
from bot.domain.machine_access import MachineAccess

LONGEST_SECONDS = 20
_AT_ONCE = 4
_BETWEEN_SECONDS = 0.25
_WAIT = re.compile(r"(?:.*[,;]\s*)?wait\s*=\s*\"?(\d{1,4})\"?\s*(?:[,;].*)?", re.IGNORECASE)


class Waiting:
    """Waits for access to open or fail, for a few machines at once. *stop*: nobody waits longer."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._places = BoundedSemaphore(_AT_ONCE)

    def until_settled(
        self, access: MachineAccess, look: Callable[[int], MachineAccess], prefer: str
    ) -> MachineAccess:
        """Return access once it has left `applying`, or as it is when the time is up.

        Args:
            access: as it is now.
            look: returns it as it is then, by its number.
            prefer: the header, which says for how long.
        """
        seconds = seconds_of(prefer)
        if not seconds or not self._places.acquire(blocking=False):
            return access
        try:
            until = time.monotonic() + seconds
            while access.state is GrantState.APPLYING and time.monotonic() < until:
                if self._stop.wait(_BETWEEN_SECONDS):
                    break
                access = look(access.id)
            return access
        finally:
            self._places.release()


def seconds_of(prefer: str) -> int:
    """Return for how long a machine would rather wait than ask again; 0 if it does not say."""
    said = _WAIT.fullmatch(prefer.strip())
    return min(int(said[1]), LONGEST_SECONDS) if said else 0
