"""Questions that may hang, asked in a thread of their own, so that who asks is never held up."""

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
    """The question was not answered in time."""


class Question(Generic[T]):
    """A question that any number of threads may ask; they share an answer that is under way.

    What hangs for long is asked anew: the connection that it waits on may be dead, and the next
    one well. So many threads at most are left hanging.

    Args:
        ask: finds the answer; it may hang, and raise.
        name: of the threads.
        seconds: how long who asks is held up at most.
        again_seconds: after how long it is asked anew.
    """

    def __init__(
        self,
        ask: Callable[[], T],
        *,
        name: str,
        seconds: float = _SECONDS,
        again_seconds: float = _AGAIN_SECONDS,
    ) -> None:
        self._ask = ask
        self._name = name
        self._seconds = seconds
        self._again_seconds = again_seconds
        self._lock = threading.Lock()
        self._under_way: list[tuple[float, Future[T]]] = []

    def answer(self) -> T:
        """Return the answer.

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
            answer: Future[T] = Future()
            threading.Thread(target=self._find, args=[answer], name=self._name, daemon=True).start()
            self._under_way.append((monotonic(), answer))
            return answer

    def _find(self, answer: Future[T]) -> None:
        try:
            answer.set_result(self._ask())
        except Exception as error:
            answer.set_exception(error)
