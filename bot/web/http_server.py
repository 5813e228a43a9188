"""The HTTP server: Waitress, with room for many connections and a deadline for slow ones."""

import select
import threading
import time
from contextlib import suppress
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server

MAX_BODY_BYTES = 1_000_000
_THREADS = 16
_GRACE_SECONDS = 3.0
_CONNECTIONS = 2_000
_CONNECTIONS_BY_SELECT = 400
_OTHER_FILES = 256  # file descriptors for the rest of the process
_REQUEST_SECONDS = 15  # for a whole request to arrive; Slack gives up after three
_IDLE_SECONDS = 75  # between two requests; proxies keep connections for a minute


class HttpServer:
    """Waitress in a thread of its own; the port is open once the object exists."""

    def __init__(
        self, app: Flask, host: str, port: int, *, request_seconds: int = _REQUEST_SECONDS
    ) -> None:
        self._sockets: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._sockets,
            host=host,
            port=port,
            threads=_THREADS,
            ident=None,
            max_request_body_size=MAX_BODY_BYTES,
            clear_untrusted_proxy_headers=False,  # `bot.web` decides which of them to trust
            connection_limit=_room_for(_CONNECTIONS),
            asyncore_use_poll=hasattr(select, "poll"),  # select() takes no descriptor above 1023
            channel_timeout=request_seconds,
            cleanup_interval=min(request_seconds, 5),
        )
        self._listening = [s for s in self._sockets.values() if hasattr(s, "effective_port")]
        for listening in self._listening:
            listening.channel_class = _Channel
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port that was opened, where 0 was asked for too."""
        return int(self._listening[0].effective_port)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer pending requests, for a few seconds at most, then close."""
        dispatcher = self._server.task_dispatcher
        until = time.monotonic() + _GRACE_SECONDS
        while (dispatcher.active_count or dispatcher.queue) and time.monotonic() < until:
            time.sleep(0.01)
        with suppress(OSError):  # the loop was awake and has closed the trigger already
            self._listening[0].trigger.pull_trigger(lambda: wasyncore.close_all(self._sockets))
        self._thread.join(timeout=_GRACE_SECONDS)
        dispatcher.shutdown(timeout=1)


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection with a deadline for the whole request, however slowly it arrives.

    Waitress closes a channel once `last_activity` is `channel_timeout` seconds ago, and every byte
    counts as activity; so one byte now and then would keep it open for ever.
    """

    _active_at = 0.0
    _began_at = 0.0
    _answered_at: float | None = None

    @property
    def last_activity(self) -> float:
        """Since when the channel has been waiting, in seconds since 1970."""
        if self.requests or self.total_outbufs_len:
            return self._active_at
        if self._answered_at is None:
            return float(self.creation_time)
        if self.request is not None:
            return self._began_at
        return self._answered_at + _IDLE_SECONDS - float(self.adj.channel_timeout)

    @last_activity.setter
    def last_activity(self, at: float) -> None:
        self._active_at = at

    def received(self, data: bytes) -> bool:
        """Take in some bytes of a request."""
        if self.request is None:
            self._began_at = time.time()
        return bool(super().received(data))

    def service(self) -> None:
        """Answer the requests that are whole."""
        self._answered_at = time.time()
        super().service()
        self._answered_at = time.time()


def _room_for(connections: int) -> int:
    """Raise the limit on open files, and return how many connections that leaves room for."""
    try:
        import resource
    except ImportError:  # Windows
        return _CONNECTIONS_BY_SELECT
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else min(connections, soft - _OTHER_FILES)
