"""Faults on demand: what can go wrong between a client and an API."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Self, TypedDict, Unpack

from werkzeug.wrappers import Response

from dbaccess_playground.calls import NO_ANSWER, close_call

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Kind(Enum):
    """The ways a call can go wrong."""

    SLOW = auto()
    STATUS = auto()
    HANG = auto()
    RESET = auto()
    LOST_ANSWER = auto()
    ANSWER = auto()
    HALF_BODY = auto()


class Aim(TypedDict, total=False):
    """Which calls a fault is for, and how many of them, as keyword arguments."""

    method: str
    target: str
    times: int | None


@dataclass(frozen=True)
class Fault:
    """One fault; each kind has its own constructor.

    It is for calls of `method` (default: any) whose path contains `target` (a cluster's id, or
    `chat.postMessage`; default: any path). It occurs `times` times (default: once); with None,
    until it is cleared.
    """

    kind: Kind
    seconds: float = 0.0
    code: int | None = None
    retry_after_seconds: int | None = None
    body: str = ""
    content_type: str = "application/json"
    method: str | None = None
    target: str | None = None
    times: int | None = 1

    @classmethod
    def slow(cls, seconds: float, **aim: Unpack[Aim]) -> Self:
        """The right answer, after `seconds`."""
        return cls(Kind.SLOW, seconds=seconds, **aim)

    @classmethod
    def status(cls, code: int, *, retry_after: int | None = None, **aim: Unpack[Aim]) -> Self:
        """Nothing is done; an error is answered, with `retry_after` (seconds) as its header."""
        return cls(Kind.STATUS, code=code, retry_after_seconds=retry_after, **aim)

    @classmethod
    def answer(
        cls,
        body: str,
        *,
        code: int = 200,
        content_type: str = "application/json",
        **aim: Unpack[Aim],
    ) -> Self:
        """Nothing is done; this is answered instead, as by a proxy in between."""
        return cls(Kind.ANSWER, code=code, body=body, content_type=content_type, **aim)

    @classmethod
    def hang(cls, **aim: Unpack[Aim]) -> Self:
        """Nothing is done or answered; once the faults are cleared, the connection is closed."""
        return cls(Kind.HANG, **aim)

    @classmethod
    def reset(cls, **aim: Unpack[Aim]) -> Self:
        """Nothing is done, and the connection is closed at once."""
        return cls(Kind.RESET, **aim)

    @classmethod
    def lost_answer(cls, *, code: int | None = None, **aim: Unpack[Aim]) -> Self:
        """The call takes effect; the connection is closed or, with `code`, an error answered."""
        return cls(Kind.LOST_ANSWER, code=code, **aim)

    @classmethod
    def half_body(cls, **aim: Unpack[Aim]) -> Self:
        """The call takes effect; the connection is closed after half of the body.

        An answer without a body does not come at all.
        """
        return cls(Kind.HALF_BODY, **aim)

    def matches(self, method: str, path: str) -> bool:
        """Return whether it is for such a call."""
        return self.method in {None, method} and (self.target is None or self.target in path)


@dataclass
class _Queued:
    fault: Fault
    left: int | None
    cleared: threading.Event


class Faults:
    """The queue of faults; a call meets the first one that is for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: list[_Queued] = []
        self._cleared = threading.Event()
        self._hanging = 0

    @property
    def hanging(self) -> int:
        """The number of calls that hang at the moment."""
        with self._lock:
            return self._hanging

    def add(self, fault: Fault) -> None:
        """Add a fault to the queue; ValueError if it could never occur."""
        if fault.times is not None and fault.times < 1:
            raise ValueError("a fault occurs at least once")
        with self._lock:
            self._queue.append(_Queued(fault, fault.times, self._cleared))

    def clear(self) -> None:
        """Remove every fault and release the calls that hang or are slow."""
        with self._lock:
            self._queue.clear()
            self._cleared.set()
            self._cleared = threading.Event()

    def pending(self) -> list[Fault]:
        """Return the faults that can still occur, each with its remaining `times`."""
        with self._lock:
            return [replace(queued.fault, times=queued.left) for queued in self._queue]

    def wrap(
        self, wsgi_app: WSGIApplication, error_body: Callable[[int], bytes]
    ) -> WSGIApplication:
        """Return the same application with these faults; `error_body(code)` makes an error's JSON.

        A connection is closed by raising ConnectionAbortedError, as LoopbackServer has it.
        """

        def faulty(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            queued = self._take(environ["REQUEST_METHOD"], environ["PATH_INFO"])
            if queued is None:
                return wsgi_app(environ, start_response)
            answer = self._apply(queued, wsgi_app, environ, error_body)
            return answer(environ, start_response)

        return faulty

    def _take(self, method: str, path: str) -> _Queued | None:
        with self._lock:
            for queued in self._queue:
                if queued.fault.matches(method, path):
                    if queued.left is not None:
                        queued.left -= 1
                        if not queued.left:
                            self._queue.remove(queued)
                    return queued
        return None

    def _apply(
        self,
        queued: _Queued,
        wsgi_app: WSGIApplication,
        environ: WSGIEnvironment,
        error_body: Callable[[int], bytes],
    ) -> WSGIApplication:
        fault = queued.fault
        match fault.kind:
            case Kind.SLOW:
                queued.cleared.wait(fault.seconds)
                return wsgi_app
            case Kind.HANG:
                self._hang(queued, environ)
            case Kind.LOST_ANSWER:
                Response.from_app(wsgi_app, environ, buffered=True)
            case Kind.HALF_BODY:
                return _half(Response.from_app(wsgi_app, environ, buffered=True), environ)
            case Kind.ANSWER:
                return Response(fault.body, fault.code, content_type=fault.content_type)
        if fault.code is None:
            raise _connection_closed()
        answer = Response(error_body(fault.code), fault.code, content_type="application/json")
        if fault.retry_after_seconds is not None:
            answer.headers["retry-after"] = str(fault.retry_after_seconds)
        return answer

    def _hang(self, queued: _Queued, environ: WSGIEnvironment) -> None:
        with self._lock:
            self._hanging += 1
        close_call(environ, NO_ANSWER)
        queued.cleared.wait()
        with self._lock:
            self._hanging -= 1


def _half(answer: Response, environ: WSGIEnvironment) -> Response:
    whole = answer.get_data()
    if not whole:
        raise _connection_closed()

    def half() -> Iterator[bytes]:
        yield whole[: len(whole) // 2]
        raise _connection_closed()

    close_call(environ, NO_ANSWER)
    headers = answer.headers.copy()
    headers["Content-Length"] = str(len(whole))
    return Response(half(), answer.status, headers)


def _connection_closed() -> ConnectionAbortedError:
    return ConnectionAbortedError("the sandbox closed the connection")
