"""When something that failed is tried again: one back-off, and the errors that tell it."""

import random
from dataclasses import dataclass

_JITTER = 0.25  # so that what failed together is not tried again together
_DOUBLINGS = 30  # enough to reach any limit


class PermanentError(Exception):
    """It fails whenever it is tried; the text says why."""


class HopelessError(PermanentError):
    """It cannot even be tried."""


class TemporaryError(Exception):
    """It may succeed later. `retry_after`: after how many seconds, if the other side says so."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class UnknownError(TemporaryError):
    """Nobody knows whether it heals: it is tried a few times, and then counts as permanent."""


class NotYet(TemporaryError):
    """Nothing failed, but it is not its turn; `retry_after` says when it is."""


class InstallationError(Exception):
    """The other side refuses this whole installation, whatever it asks, until somebody fixes it."""


@dataclass(frozen=True)
class Backoff:
    """Waits that double from the first to the longest, each up to a quarter shorter or longer.

    Attributes:
        first_seconds: the wait after the first failure.
        longest_seconds: the longest, but for the quarter, where nobody asks for a longer one.
        longest_asked_seconds: the longest wait that the other side may ask for; it may not ask for
            a shorter one than the first.
    """

    first_seconds: float
    longest_seconds: float
    longest_asked_seconds: float

    def seconds(self, failures: int, *, asked: float | None = None) -> float:
        """Return how long to wait after so many failures in a row; *asked* as the other side did.

        Raises:
            ValueError: nothing has failed.
        """
        if failures < 1:
            raise ValueError(f"{failures} failures")
        return self._within(self.first_seconds * 2 ** min(failures - 1, _DOUBLINGS), asked)

    def seconds_since(self, seconds: float, *, asked: float | None = None) -> float:
        """Return how long to wait where the first failure was so long ago: as long once more."""
        return self._within(max(seconds, self.first_seconds), asked)

    def _within(self, seconds: float, asked: float | None) -> float:
        if asked is not None:
            return min(max(asked, self.first_seconds), self.longest_asked_seconds)
        share = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # not a secret
        return min(seconds, self.longest_seconds) * share
