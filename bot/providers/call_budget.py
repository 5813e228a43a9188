"""The call budget: which calls of the provider's API are made, so that ends never wait (P3).

A provider allows so many calls (DigitalOcean: 250 a minute and 5,000 an hour for a token), and
refuses all others; then a rule that has to go would wait because of calls that were not urgent. So
each call says what it is for, and is counted before it is made. Less urgent calls are stopped
earlier, and the rest is left for ends.
"""

import math
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from bot.clock import Clock
from bot.domain.notices import CallsMade
from bot.providers.base import ApiCall, BudgetSpent, Purpose

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_RESERVE = 0.3  # of the calls, reserved for ends
_MOST_IN_ALL = {  # the share of all calls up to which a purpose may make some
    Purpose.ENDS: 1.0,
    Purpose.STARTS: 1 - _RESERVE,
    Purpose.CHECKS: 0.5,
    Purpose.PAGES: 1 - _RESERVE,
}
_MOST_OF_ITS_OWN = {Purpose.PAGES: 0.2}  # the share of all calls that it may make itself
_TRUSTED_FOR = _MINUTE  # how long to rely on what the API said of the limit
_PAUSE = _MINUTE  # no checks and no pages for that long after a 429
_MAY_WAIT = {Purpose.CHECKS, Purpose.PAGES}
_LONGEST_PAUSE = _HOUR
_OTHERS_FRESH = timedelta(seconds=5)
_NOT_ASKED_FOR = timedelta(seconds=0.25)
_FULL_HOUR_WAIT = timedelta(minutes=5)  # after that, some of a used-up hour are free
_TOO_MANY = 429


class Ledger(Protocol):
    """Where several processes that use the same credentials write down their calls."""

    def note(self, purpose: str, at: datetime) -> None:
        """Write down that this process makes a call."""
        ...

    def of_others(self, now: datetime, lengths: tuple[timedelta, ...]) -> list[Mapping[str, int]]:
        """Return how many calls the others made by purpose, in each of these lengths of time."""
        ...


class CallBudget:
    """Lets calls through or not, by the last minute, the last hour, and what the API says.

    It counts the calls of this process, and of the others that share a *ledger*. Those of anybody
    else with the same credentials show in the number that the API says is left
    (`ApiCall.limit_remaining`), which counts too. Thread-safe.

    `limits` returns how many calls are allowed in a minute and in an hour, as of now.
    """

    def __init__(
        self,
        clock: Clock,
        limits: Callable[[], tuple[int, int]],
        ledger: Ledger | None = None,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._ledger = ledger
        self._windows = (_Window(_MINUTE), _Window(_HOUR))
        self._lock = threading.Lock()
        self._observed: tuple[datetime, ApiCall] | None = None
        self._paused: tuple[datetime, datetime] | None = None

    def spend(self, purpose: Purpose) -> None:
        """Count a call that is about to be made; it counts even if it fails.

        Raises:
            BudgetSpent: it must not be made now.
        """
        if self._must_ask():
            self._ask_others()
        with self._lock:
            now = self._clock.now()
            if self._room(purpose, now) < 1:
                raise _spent(self._wait(purpose, now).total_seconds())
            for window in self._windows:
                window.add(now, purpose)
        if self._ledger is not None:
            self._ledger.note(purpose, now)

    def observe(self, call: ApiCall) -> None:
        """Take note of what the API said of the limit."""
        with self._lock:
            now = self._clock.now()
            if call.limit and call.limit_remaining is not None:
                self._observed = now, call
            if call.status == _TOO_MANY:
                wait = min(timedelta(seconds=max(call.retry_after or 0.0, 0.0)), _LONGEST_PAUSE)
                self._paused = now, now + wait + _PAUSE

    def room(self, purpose: Purpose) -> int:
        """Return how many more calls may be made for that purpose now; never below zero."""
        with self._lock:
            return self._room(purpose, self._clock.now())

    def made(self) -> CallsMade:
        """Return what the calls of the last hour were for."""
        with self._lock:
            now = self._clock.now()
            self._windows[-1].count(now)
            made = {str(each): self._windows[-1].of(each, now) for each in Purpose}
            if self._observed is None or now - self._observed[0] > _HOUR:
                return CallsMade(by_purpose=made)
            call = self._observed[1]
            return CallsMade(by_purpose=made, limit=call.limit, remaining=call.limit_remaining)

    def _room(self, purpose: Purpose, now: datetime) -> int:
        if self._pause(purpose, now):
            return 0
        room = [
            min(
                int(limit * _MOST_IN_ALL[purpose]) - window.count(now),
                int(limit * _MOST_OF_ITS_OWN.get(purpose, 1.0)) - window.of(purpose, now),
            )
            for window, limit in zip(self._windows, self._limits(), strict=True)
        ]
        return max(min(room), 0)

    def _must_ask(self) -> bool:
        """Tell whether what others have spent has to be read again before a call.

        While half of the calls are left, reading it now and then is enough: nobody makes so many in
        between.
        """
        with self._lock:
            now, asked = self._clock.now(), self._windows[0].others
            if asked is None or not asked[0] <= now < asked[0] + _NOT_ASKED_FOR:
                return True
            limits = zip(self._windows, self._limits(), strict=True)
            return any(2 * window.count(now) >= limit for window, limit in limits)

    def _ask_others(self) -> None:
        """Take note of what others have spent, as of now."""
        if self._ledger is None:
            return
        now, lengths = self._clock.now(), (_MINUTE, _HOUR)
        found = self._ledger.of_others(now, lengths)
        with self._lock:
            for window, others in zip(self._windows, found, strict=True):
                window.others = now, others

    def _pause(self, purpose: Purpose, now: datetime) -> timedelta:
        """Return for how long the API's answers forbid such a call; zero if they do not."""
        until = now
        if purpose in _MAY_WAIT and self._paused and self._paused[0] <= now:
            until = max(until, self._paused[1])
        if purpose is not Purpose.ENDS and self._observed and _is_recent(self._observed[0], now):
            at, call = self._observed
            if (call.limit_remaining or 0) < (call.limit or 0) * _RESERVE:
                until = max(until, at + _TRUSTED_FOR)
        return until - now

    def _wait(self, purpose: Purpose, now: datetime) -> timedelta:
        """Return after how long it is worth another try."""
        minute, limit = self._windows[0], self._limits()[0]
        most = min(_MOST_IN_ALL[purpose], _MOST_OF_ITS_OWN.get(purpose, 1.0))
        is_the_minutes = minute.count(now) >= int(limit * most)
        return self._pause(purpose, now) or (_MINUTE if is_the_minutes else _FULL_HOUR_WAIT)


def _spent(wait_seconds: float) -> BudgetSpent:
    said = (
        "Ending access comes first, and DigitalOcean allows only so many calls. "
        f"Try again in {math.ceil(wait_seconds)} s"
    )
    return BudgetSpent(said, retry_after=wait_seconds)


def _is_recent(at: datetime, now: datetime) -> bool:
    """Tell whether something was said recently, and not before the clock was set back."""
    return at <= now < at + _TRUSTED_FOR


class _Window:
    """The calls of the last minute, or hour; `others` is what other processes had made when."""

    def __init__(self, length: timedelta) -> None:
        self._length = length
        self._calls: deque[tuple[datetime, Purpose]] = deque()
        self._by_purpose: Counter[Purpose] = Counter()
        self.others: tuple[datetime, Mapping[str, int]] | None = None

    def add(self, at: datetime, purpose: Purpose) -> None:
        self._calls.append((at, purpose))
        self._by_purpose[purpose] += 1

    def count(self, now: datetime) -> int:
        """Forget calls of long ago, or from before the clock was set back; count the rest."""
        while self._calls and not now - self._length < self._calls[0][0] <= now:
            self._by_purpose[self._calls.popleft()[1]] -= 1
        return len(self._calls) + sum(self._of_others(now).values())

    def of(self, purpose: Purpose, now: datetime) -> int:
        """Return how many of those that `count` has left were for a purpose."""
        return self._by_purpose[purpose] + self._of_others(now).get(purpose, 0)

    def _of_others(self, now: datetime) -> Mapping[str, int]:
        """Return the others' calls; not what is old, or this process would wait for nothing."""
        if self.others is None or not self.others[0] <= now < self.others[0] + _OTHERS_FRESH:
            return {}
        return self.others[1]
