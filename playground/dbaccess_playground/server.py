"""An HTTP server on the loopback interface, for one WSGI application, in a thread."""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from io import BytesIO
from selectors import EVENT_READ, DefaultSelector
from socket import SHUT_RDWR, SO_REUSEADDR, SOL_SOCKET, socket, socketpair
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

LAST_ANSWERS_SECONDS = 0.5


class LoopbackServer:
    """Serves `wsgi_app` between `start()` and `stop()`; each connection has a thread of its own.

    With port 0 the first start picks a free port, and later starts take the same one: stopping
    and starting plays an outage, and nobody else gets the port in between. `stop()` closes every
    connection and returns within about half a second, also while a request is being answered. An
    application whose requests may hang has to release them itself. Where the application raises a
    ConnectionError, before its answer or in the middle of it, the connection is closed at once.
    """

    def __init__(
        self, wsgi_app: WSGIApplication, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._wsgi_app = wsgi_app
        self._host = host
        self._port = port
        self.clock_ahead_seconds = 0.0  # added to the time in the Date header
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._release_port: Callable[[], object] | None = None

    @property
    def url(self) -> str:
        """`http://HOST:PORT`, without a slash at the end; RuntimeError before the first start."""
        if not self._port:
            raise RuntimeError("the server has no port before its first start()")
        return f"http://{self._host}:{self._port}"

    def start(self) -> None:
        """Bind the port and serve in the background; RuntimeError if it is running already."""
        if self._server is not None:
            raise RuntimeError("the server is running already")
        if self._release_port is not None:
            self._release_port()
        self._server = _Server(self._host, self._port, self._wsgi_app, _Handler)
        self._server.clock_ahead = lambda: self.clock_ahead_seconds
        self._port = self._server.port
        self._thread = threading.Thread(
            target=self._server.take_connections, name=f"sandbox-{self._port}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Refuse new connections and close the open ones. Does nothing when it is not running."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._server = self._thread = None
        server.request_stop()
        thread.join()
        self._release_port = weakref.finalize(self, os.close, _hold_port(self._host, self._port))
        server.close_connections()

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


def _hold_port(host: str, port: int) -> int:
    """Return the file descriptor of a socket that holds the port and takes no connections."""
    with socket() as keeper:
        keeper.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        keeper.bind((host, port))
        return keeper.detach()


class _Server(ThreadedWSGIServer):
    timeout = 0.0  # of `handle_request`: it is called when a connection waits

    def __init__(self, *args: Any) -> None:
        self._connections: set[socket] = set()
        self.clock_ahead: Callable[[], float] = float
        self._changed = threading.Condition()
        self._stop_receiver, self._stop_sender = socketpair()
        super().__init__(*args)

    def take_connections(self) -> None:
        """Serve until `request_stop`, noticed at once; `serve_forever` would poll for it."""
        with self._stop_receiver, DefaultSelector() as selector:
            selector.register(self, EVENT_READ)
            selector.register(self._stop_receiver, EVENT_READ)
            while all(key.fileobj is self for key, _ in selector.select()):
                self.handle_request()
        self.server_close()

    def request_stop(self) -> None:
        self._stop_sender.close()

    def get_request(self) -> tuple[socket, Any]:
        connection, address = super().get_request()
        with self._changed:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._changed:
            self._connections.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def close_connections(self) -> None:
        with self._changed:
            for connection in self._connections:
                _shut(connection)
            self._changed.wait_for(lambda: not self._connections, timeout=LAST_ANSWERS_SECONDS)


class _Handler(WSGIRequestHandler):
    """Werkzeug's handler with persistent connections and without a log.

    Werkzeug closes the connection after each answer, since it does not know where the next
    request starts. Here the body has been read to its end before the application sees it.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the time for the Date header, by the server's clock."""
        now = time.time() if timestamp is None else timestamp
        return super().date_time_string(now + _clock_ahead(self.server))

    def make_environ(self) -> WSGIEnvironment:
        environ = super().make_environ()
        body = environ["wsgi.input"]
        whole = "wsgi.input_terminated" in environ
        environ["wsgi.input"] = BytesIO(
            body.read() if whole else body.read(int(environ.get("CONTENT_LENGTH") or 0))
        )
        return environ

    def run_wsgi(self) -> None:
        answer: Iterable[bytes] = ()
        try:
            answer, status, headers = run_wsgi_app(self.server.app, self.make_environ())
            self._send_head(status, headers)
            self._send_body(answer, chunked=_needs_chunks(self.command, status, headers))
        except ConnectionError:
            self.close_connection = True
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    def _send_head(self, status: str, headers: Iterable[tuple[str, str]]) -> None:
        headers = list(headers)
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        if _needs_chunks(self.command, status, headers):
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _send_body(self, parts: Iterable[bytes], *, chunked: bool) -> None:
        for part in parts:
            if part:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Log nothing: a sandbox keeps a list of its calls."""


def _clock_ahead(server: object) -> float:
    return server.clock_ahead() if isinstance(server, _Server) else 0.0


def _needs_chunks(method: str, status: str, headers: Iterable[tuple[str, str]]) -> bool:
    bodiless = method == "HEAD" or status[:1] == "1" or status[:3] in {"204", "304"}
    return not bodiless and all(name.lower() != "content-length" for name, _ in headers)


def _shut(connection: socket) -> None:
    try:
        connection.shutdown(SHUT_RDWR)
    except OSError:
        return
