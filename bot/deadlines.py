"""Deadlines: calls that may hang run in threads of their own, so that no caller waits too long."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from time import monotonic
from typing import Generic, TypeVar

_SECONDS = 1.5
_AGAIN_SECONDS = 5.0
_MOST = 3

T = TypeVar("T")


class NoAnswer(Exception):
    """The call did not return in time."""


class BoundedCall(Generic[T]):
    """A call that any number of threads may make; they share the one in progress.

    If it hangs for long, it is made again: its connection may be dead, and a new one not. At most
    three are left hanging.

    Args:
        call: returns the result; it may hang, and raise.
        name: of the threads.
        seconds: how long a caller waits at most.
        again_seconds: after how long the call is made again.
    """

    def __init__(
        self,
        call: Callable[[], T],
        *,
        name: str,
        seconds: float = _SECONDS,
        again_seconds: float = _AGAIN_SECONDS,
    ) -> None:
        self._call = call
        self._name = name
        self._seconds = seconds
        self._again_seconds = again_seconds
        self._lock = threading.Lock()
        self._under_way: list[tuple[float, Future[T]]] = []

    def begin(self) -> None:
        """Make the call, unless it is in progress; whoever asks next waits for less."""
        self._newest()

    def result(self) -> T:
        """Return the result.

        Raises:
            NoAnswer: there was none in time.
        """
        try:
            return self._newest().result(self._seconds)
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {self._seconds} s") from error

    def _newest(self) -> Future[T]:
        with self._lock:
            self._under_way = [(at, one) for at, one in self._under_way if not one.done()]
            if self._under_way:
                began, newest = self._under_way[-1]
                if monotonic() - began < self._again_seconds or len(self._under_way) >= _MOST:
                    return newest
            result: Future[T] = Future()
            threading.Thread(target=self._run, args=[result], name=self._name, daemon=True).start()
            self._under_way.append((monotonic(), result))
            return result

    def _run(self, result: Future[T]) -> None:
        try:
            result.set_result(self._call())
        except Exception as error:
            result.set_exception(error)
