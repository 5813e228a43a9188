"""A clock for the sandboxes that only a test moves."""

from datetime import UTC, datetime


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, 0, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now
