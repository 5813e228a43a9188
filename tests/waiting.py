"""Waiting for what another thread, process or server does; in real time."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 40.0  # enough for a machine with much else to do

T = TypeVar("T")


def eventually(ask: Callable[[], T | None], *, seconds: float = PATIENCE_SECONDS) -> T:
    """Return the first answer that is something; AssertionError if it never comes."""
    until = time.monotonic() + seconds
    while (asked_at := time.monotonic()) < until:
        found = ask()
        if found:
            return found
        # A costly question is asked less often: asking must not hold up what is waited for.
        time.sleep(max(0.01, 2 * (time.monotonic() - asked_at)))
    raise AssertionError("it never came")


def come_to_rest(seconds: float = 1.5) -> None:
    """Let real time pass in which what was begun ends; what would come of it later must not."""
    time.sleep(seconds)
