"""A fixed-window rate limit with DigitalOcean's headers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DEFAULT_PER_HOUR = 5000
HOUR_SECONDS = 3600
MINUTE_SECONDS = 60


@dataclass(frozen=True)
class Allowance:
    """What a window has left after a request; `remaining` is negative above the limit."""

    limit: int
    remaining: int
    resets_at: int
    retry_after_seconds: int

    def headers(self) -> list[tuple[str, str]]:
        """Return the three `ratelimit-*` headers that every answer has."""
        return [
            ("ratelimit-limit", str(self.limit)),
            ("ratelimit-remaining", str(max(self.remaining, 0))),
            ("ratelimit-reset", str(self.resets_at)),
        ]


class RateLimit:
    """Counts requests in windows of a minute or, with None, of an hour without refusing any."""

    def __init__(self, per_minute: int | None, clock: Callable[[], datetime]) -> None:
        self._limit = DEFAULT_PER_HOUR if per_minute is None else per_minute
        self._window_seconds = HOUR_SECONDS if per_minute is None else MINUTE_SECONDS
        self._refuses = per_minute is not None
        self._clock = clock
        self._lock = threading.Lock()
        self._window = 0
        self._used = 0

    def draw(self) -> Allowance:
        """Count one request against the current window."""
        now = int(self._clock().timestamp())
        with self._lock:
            window = now // self._window_seconds
            if window != self._window:
                self._window, self._used = window, 0
            self._used += 1
            resets_at = (window + 1) * self._window_seconds
            return Allowance(self._limit, self._limit - self._used, resets_at, resets_at - now)

    def wrap(
        self, wsgi_app: WSGIApplication, error_body: Callable[[int], bytes]
    ) -> WSGIApplication:
        """Return the same application with the limit; `error_body(429)` makes an error's JSON."""

        def limited(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            allowance = self.draw()
            app = wsgi_app
            if self._refuses and allowance.remaining < 0:
                retry_after = {"retry-after": str(allowance.retry_after_seconds)}
                refusal = error_body(HTTPStatus.TOO_MANY_REQUESTS)
                app = Response(
                    refusal,
                    HTTPStatus.TOO_MANY_REQUESTS,
                    retry_after,
                    content_type="application/json",
                )
            answer, status, headers = run_wsgi_app(app, environ)
            start_response(status, [*headers, *allowance.headers()])
            return answer

        return limited
