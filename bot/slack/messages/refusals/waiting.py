"""How long to wait before another try, in words."""

from math import ceil

_LONGEST_IN_SECONDS = 90


def counted(seconds: int) -> str:
    """Return a wait in seconds, or in minutes where it is long."""
    if seconds > _LONGEST_IN_SECONDS:
        return f"{ceil(seconds / 60)} minutes"
    return "1 second" if seconds == 1 else f"{seconds} seconds"
