"""The sandbox DigitalOcean: an account behind an HTTP API that can be made to fail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from dbaccess_playground.calls import Call, CallLog
from dbaccess_playground.digitalocean.api import ALL_SCOPES, build_api, error_body
from dbaccess_playground.digitalocean.cloud import Cloud
from dbaccess_playground.digitalocean.clusters import Change
from dbaccess_playground.digitalocean.rate_limit import RateLimit
from dbaccess_playground.faults import Faults
from dbaccess_playground.server import LoopbackServer

TOKEN = "dop_v1_sandbox"
Listener = Callable[[Call | Change], None]


def utc_now() -> datetime:
    """Return the time of the machine's clock."""
    return datetime.now(UTC)


class SandboxDigitalOcean(Cloud):
    """DigitalOcean's databases API on a free loopback port, and the state behind it.

    The inherited methods read the clusters, and change them as other people do. `faults` makes
    calls go wrong. `tokens` are those that it accepts, `token` is the first of them, and `scopes`
    are those of each. Calls above `rate_limit_per_minute` are refused with 429, in fixed windows of
    `clock`; with None, the headers count down from 5,000 an hour and nothing is refused.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        clock: Callable[[], datetime] = utc_now,
        rate_limit_per_minute: int | None = None,
    ) -> None:
        super().__init__(clock, self._notify)
        self.token = token
        self.tokens = {token}
        self.scopes = set(ALL_SCOPES)
        self.faults = Faults()
        self._listeners: list[Listener] = []
        self._listeners_lock = threading.Lock()
        self._log = CallLog(clock, self._notify)
        struck = self.faults.wrap(build_api(self, self.tokens, self.scopes), error_body)
        limited = RateLimit(rate_limit_per_minute, clock).wrap(struck, error_body)
        self._server = LoopbackServer(self._log.wrap(limited))

    def set_clock_ahead(self, seconds: float) -> None:
        """Set the Date header of each answer ahead by that much."""
        self._server.clock_ahead_seconds = seconds

    @property
    def url(self) -> str:
        """Where the API is, without a slash at the end; RuntimeError before the first start."""
        return self._server.url

    @property
    def calls(self) -> list[Call]:
        """Every HTTP call so far, oldest first."""
        return self._log.so_far()

    def start(self) -> None:
        """Serve; a second start takes the same port, so that stop and start play an outage."""
        self._server.start()

    def stop(self) -> None:
        """Clear the faults and stop serving; the state and the calls stay."""
        self.faults.clear()
        self._server.stop()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for each call and change; return how to unsubscribe.

        It is called in the thread of the event; for a call, before the answer is sent.
        """
        with self._listeners_lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._listeners_lock:
                self._listeners.remove(listener)

        return unsubscribe

    def _notify(self, event: Call | Change) -> None:
        with self._listeners_lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener(event)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
