"""A record of the HTTP calls to a sandbox."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NO_ANSWER = 0
_OPEN_CALL = "sandbox.open_call"


@dataclass(frozen=True)
class Call:
    """One HTTP call and its answer.

    `status` is 0 where the caller got no complete answer. `seconds` is the time until the answer
    was ready or withheld. `body` is the parsed JSON, else the text; None without a body.
    """

    method: str
    path: str
    status: int
    seconds: float
    at: datetime
    body: Any


class CallLog:
    """Records the calls to a WSGI application and passes each to `on_call`.

    That happens in the server's thread, when the answer is ready but not sent yet. So whoever has
    an answer finds its call here, and a test plays a lost race by what it does in `on_call`: it
    happens after the read, and before the reader has the answer.
    """

    def __init__(self, clock: Callable[[], datetime], on_call: Callable[[Call], None]) -> None:
        self._clock = clock
        self._on_call = on_call
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def so_far(self) -> list[Call]:
        """Every call, oldest first."""
        with self._lock:
            return list(self._calls)

    def wrap(self, wsgi_app: WSGIApplication) -> WSGIApplication:
        """Return the same application, with its calls recorded."""

        def logged(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            environ[_OPEN_CALL] = self._open(environ)
            try:
                answer, status, headers = run_wsgi_app(wsgi_app, environ)
            except ConnectionError:
                close_call(environ, NO_ANSWER)
                raise
            close_call(environ, int(status[:3]))
            start_response(status, list(headers))
            return answer

        return logged

    def _open(self, environ: WSGIEnvironment) -> Callable[[int], None]:
        at, began = self._clock(), time.perf_counter()
        raw = environ["wsgi.input"].read()
        environ["wsgi.input"] = BytesIO(raw)
        still_open = threading.Semaphore()

        def close(status: int) -> None:
            if not still_open.acquire(blocking=False):
                return
            call = Call(
                method=environ["REQUEST_METHOD"],
                path=environ["PATH_INFO"],
                status=status,
                seconds=time.perf_counter() - began,
                at=at,
                body=_readable(raw),
            )
            with self._lock:
                self._calls.append(call)
            self._on_call(call)

        return close


def close_call(environ: WSGIEnvironment, status: int) -> None:
    """Record the call now, with this status; later closings of the same call are ignored.

    For an answer that is withheld: a call that hangs is recorded when it starts to hang.
    """
    close = environ.get(_OPEN_CALL)
    if close is not None:
        close(status)


def _readable(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")
