"""What Slack's directory said, and until when it may be believed."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

_REMEMBERED_SECONDS = 60.0

T = TypeVar("T")


@dataclass(frozen=True)
class _Fact(Generic[T]):
    value: T
    asked_at: datetime
    fresh_until: float


@dataclass(frozen=True, eq=False)
class _Question(Generic[T]):
    """A call that is under way, for everybody whom its answer serves."""

    asked_at: datetime
    answer: Future[T] = field(default_factory=Future)


class Memory(Generic[T]):
    """What was said of each of many things, fresh for a minute. Thread-safe.

    Several threads that need the same answer make one call.

    Args:
        clock_seconds: seconds that only grow.
        now: the time (aware UTC), to tell what was asked before something happened.
    """

    def __init__(self, clock_seconds: Callable[[], float], now: Callable[[], datetime]) -> None:
        self._clock_seconds = clock_seconds
        self._now = now
        self._facts: dict[str, _Fact[T]] = {}
        self._questions: dict[str, _Question[T]] = {}
        self._lock = threading.Lock()

    def get(self, key: str, ask: Callable[[], T], *, since: datetime | None = None) -> T:
        """Return what was said within the last minute, else what *ask* returns.

        Args:
            key: of what.
            ask: asks Slack; what it raises is raised for everybody who waits for it.
            since: what was asked no later than that is not fresh enough (aware UTC).
        """
        with self._lock:
            fact = self._fresh(key)
            if fact is not None and _is_later(fact.asked_at, since):
                return fact.value
            question = self._questions.get(key)
            is_mine = question is None or not _is_later(question.asked_at, since)
            if question is None or is_mine:
                question = self._questions[key] = _Question(self._now())
        if is_mine:
            self._ask(key, question, ask)
        return question.answer.result()

    def fresh(self, key: str) -> T | None:
        """Return what was said within the last minute."""
        with self._lock:
            fact = self._fresh(key)
        return fact.value if fact else None

    def last(self, key: str) -> T | None:
        """Return what was said last, however long ago."""
        with self._lock:
            fact = self._facts.get(key)
        return fact.value if fact else None

    def outdate(self, key: str) -> None:
        """Have neither what was said nor what is just being asked count as fresh."""
        with self._lock:
            self._questions.pop(key, None)
            if key in self._facts:
                self._facts[key] = replace(self._facts[key], fresh_until=0.0)

    def _fresh(self, key: str) -> _Fact[T] | None:
        fact = self._facts.get(key)
        return fact if fact and self._clock_seconds() < fact.fresh_until else None

    def _ask(self, key: str, question: _Question[T], ask: Callable[[], T]) -> None:
        try:
            value = ask()
        except BaseException as error:
            with self._lock:
                self._close(key, question)
            question.answer.set_exception(error)
            return
        with self._lock:
            if self._close(key, question):
                until = self._clock_seconds() + _REMEMBERED_SECONDS
                self._facts[key] = _Fact(value, question.asked_at, until)
        question.answer.set_result(value)

    def _close(self, key: str, question: _Question[T]) -> bool:
        """Have nobody wait for it any more; False if it was outdated, or asked anew, meanwhile."""
        is_current = self._questions.get(key) is question
        if is_current:
            del self._questions[key]
        return is_current


def _is_later(asked_at: datetime, since: datetime | None) -> bool:
    return since is None or asked_at > since
