"""Lookups: who is connected, seen once for all who ask, whatever becomes of it."""

from contextlib import AbstractContextManager

import pytest

from bot.sessions.base import Sessions, SessionsError
from bot.sessions.lookups import FRESH_SECONDS, SessionLookups

NAME = "DBACCESS_SESSIONS_ORDERS"


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def broken(_name: str) -> AbstractContextManager[Sessions]:
    raise ValueError("a fault of ours")


def test_a_bug_in_a_look_is_no_reason_to_show_no_page() -> None:
    lookups = SessionLookups(broken, Clock())

    with pytest.raises(SessionsError, match="ValueError"):
        lookups.wait(lookups.begin(NAME))


def test_a_look_is_shared_for_some_seconds_and_then_made_anew() -> None:
    elapsed = Clock()
    lookups = SessionLookups(broken, elapsed)
    first = lookups.begin(NAME)
    with pytest.raises(SessionsError):
        lookups.wait(first)

    elapsed.now += FRESH_SECONDS - 1
    assert lookups.begin(NAME) is first
    assert lookups.begin("DBACCESS_SESSIONS_ANALYTICS") is not first
    elapsed.now += 1
    assert lookups.begin(NAME) is not first
