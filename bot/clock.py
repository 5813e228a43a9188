"""The clock that is passed in: the system's, or one that runs faster for the demo."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and how long to wait for a later one."""

    def now(self) -> datetime:
        """Return the present, aware UTC."""
        ...

    def seconds_until(self, at: datetime) -> float:
        """Return how many real seconds to wait until *at*; zero or less if it has passed."""
        ...

    def in_seconds(self, seconds: float) -> datetime:
        """Return the time in so many real seconds from now: for leases and retries."""
        ...

    def elapsed(self) -> float:
        """Return real seconds since some moment, whatever happens to the clock."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait so many real seconds."""
        ...


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """Return the present, aware UTC."""
        return datetime.now(UTC)

    def seconds_until(self, at: datetime) -> float:
        """Return how many real seconds to wait until *at*."""
        return (at - self.now()).total_seconds()

    def in_seconds(self, seconds: float) -> datetime:
        """Return what time it will be in so many real seconds."""
        return self.now() + timedelta(seconds=seconds)

    def elapsed(self) -> float:
        """Return real seconds since some moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait so many real seconds."""
        time.sleep(seconds)


class FastClock:
    """A clock that starts now and runs *rate* times as fast; the rate may change."""

    def __init__(self, rate: float = 1.0) -> None:
        self._course = (datetime.now(UTC), time.monotonic(), rate)  # one value: read as a whole

    @property
    def rate(self) -> float:
        """How many seconds pass in one real second."""
        return self._course[2]

    @rate.setter
    def rate(self, rate: float) -> None:
        self._course = (self.now(), time.monotonic(), rate)

    def now(self) -> datetime:
        """Return the present of this clock, aware UTC."""
        then, since, rate = self._course
        return then + timedelta(seconds=(time.monotonic() - since) * rate)

    def seconds_until(self, at: datetime) -> float:
        """Return how many real seconds to wait until *at*."""
        return (at - self.now()).total_seconds() / self.rate

    def in_seconds(self, seconds: float) -> datetime:
        """Return what time it will be in so many real seconds."""
        return self.now() + timedelta(seconds=seconds * self.rate)

    def elapsed(self) -> float:
        """Return real seconds since some moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait so many real seconds."""
        time.sleep(seconds)
