"""What can go wrong between a client and an API, on demand."""

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
    """Which calls a fault strikes and how many of them, as keyword arguments."""

    method: str
    target: str
    times: int | None


@dataclass(frozen=True)
class Fault:
    """One way to go wrong, made by the constructor named for it.

    It strikes calls of `method` (else of any) whose path contains `target` (else any path; a
    cluster's id, say, or `chat.postMessage`), as often as `times` says: once unless told
    otherwise, and with None until it is cleared.
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
        """The right answer, late."""
        return cls(Kind.SLOW, seconds=seconds, **aim)

    @classmethod
    def status(cls, code: int, *, retry_after: int | None = None, **aim: Unpack[Aim]) -> Self:
        """Nothing done, and an error's status and body; `retry_after` (seconds) as its header."""
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
        """Nothing done, and this said instead, as by somebody who stands in between."""
        return cls(Kind.ANSWER, code=code, body=body, content_type=content_type, **aim)

    @classmethod
    def hang(cls, **aim: Unpack[Aim]) -> Self:
        """Nothing done and nothing said until the faults are cleared; then the line is cut."""
        return cls(Kind.HANG, **aim)

    @classmethod
    def reset(cls, **aim: Unpack[Aim]) -> Self:
        """Nothing done, and the line is cut at once."""
        return cls(Kind.RESET, **aim)

    @classmethod
    def lost_answer(cls, *, code: int | None = None, **aim: Unpack[Aim]) -> Self:
        """The call takes effect, but then the line is cut or, with `code`, an error is said."""
        return cls(Kind.LOST_ANSWER, code=code, **aim)

    @classmethod
    def half_body(cls, **aim: Unpack[Aim]) -> Self:
        """The call takes effect; half of the announced body comes before the line is cut.

        Of an answer without a body nothing comes.
        """
        return cls(Kind.HALF_BODY, **aim)

    def strikes(self, method: str, path: str) -> bool:
        """Whether it is meant for such a call."""
        return self.method in {None, method} and (self.target is None or self.target in path)


@dataclass
class _Queued:
    fault: Fault
    left: int | None
    cleared: threading.Event


class Faults:
    """The faults still to come, in order; a call meets the first one that strikes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: list[_Queued] = []
        self._cleared = threading.Event()
        self._hanging = 0

    @property
    def hanging(self) -> int:
        """How many calls hang right now."""
        with self._lock:
            return self._hanging

    def add(self, fault: Fault) -> None:
        """Put a fault at the end of the queue; ValueError if it could never strike."""
        if fault.times is not None and fault.times < 1:
            raise ValueError("a fault strikes at least once")
        with self._lock:
            self._queue.append(_Queued(fault, fault.times, self._cleared))

    def clear(self) -> None:
        """Forget every fault and release the calls that hang or are slow."""
        with self._lock:
            self._queue.clear()
            self._cleared.set()
            self._cleared = threading.Event()

    def pending(self) -> list[Fault]:
        """The faults that can still strike, each with the `times` that are left of it."""
        with self._lock:
            return [replace(queued.fault, times=queued.left) for queued in self._queue]

    def wrap(
        self, wsgi_app: WSGIApplication, error_body: Callable[[int], bytes]
    ) -> WSGIApplication:
        """The same application, struck by these faults; `error_body(code)` makes an error's JSON.

        A line is cut by raising ConnectionAbortedError, which LoopbackServer understands.
        """

        def faulty(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            queued = self._take(environ["REQUEST_METHOD"], environ["PATH_INFO"])
            if queued is None:
                return wsgi_app(environ, start_response)
            answer = self._strike(queued, wsgi_app, environ, error_body)
            return answer(environ, start_response)

        return faulty

    def _take(self, method: str, path: str) -> _Queued | None:
        with self._lock:
            for queued in self._queue:
                if queued.fault.strikes(method, path):
                    if queued.left is not None:
                        queued.left -= 1
                        if not queued.left:
                            self._queue.remove(queued)
                    return queued
        return None

    def _strike(
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
            raise _line_cut()
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
        raise _line_cut()

    def half() -> Iterator[bytes]:
        yield whole[: len(whole) // 2]
        raise _line_cut()

    close_call(environ, NO_ANSWER)
    headers = answer.headers.copy()
    headers["Content-Length"] = str(len(whole))
    return Response(half(), answer.status, headers)


def _line_cut() -> ConnectionAbortedError:
    return ConnectionAbortedError("the sandbox cut the line")
