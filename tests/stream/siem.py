"""A receiver of the stream on loopback: it keeps what it took, and answers as a test wants."""

import base64
import hashlib
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KEY = bytes(range(32))
NONE = 0  # the status of no answer
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
OLD_KEY = bytes(range(32, 64))
OLD_SECRET = f"whsec_{base64.b64encode(OLD_KEY).decode()}"


@dataclass(frozen=True)
class Arrival:
    """One request."""

    headers: dict[str, str]
    body: bytes
    connection: int  # the client's port

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def number(self) -> int:
        return int(self.event["data"]["number"])

    def is_signed_by(self, key: bytes) -> bool:
        """As the specification has it, written down here a second time."""
        content = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode()
        digest = hmac.new(key, content + self.body, hashlib.sha256).digest()
        expected = f"v1,{base64.b64encode(digest).decode()}"
        return expected in self.headers["webhook-signature"].split(" ")


@dataclass(frozen=True)
class Answer:
    """How to answer: `write` writes the response, of this status."""

    status: int
    write: Callable[[BaseHTTPRequestHandler], object]


@dataclass
class Siem:
    """`taken` are the requests that it answered with 2xx; `on_arrival` may change the answer."""

    url: str = ""
    arrivals: list[Arrival] = field(default_factory=list)
    taken: list[Arrival] = field(default_factory=list)
    answer: "Answer" = field(default_factory=lambda: answers(204))
    key: bytes = KEY
    on_arrival: Callable[[], object] = lambda: None

    @property
    def numbers(self) -> list[int]:
        """Of the rows that it took, in their order."""
        return [one.number for one in self.taken]


def answers(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Answer with this each time; in a header's name, `_` stands for a dash."""

    def write(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return Answer(status, write)


def drips(stopped: threading.Event) -> Answer:
    """Answer one byte at a time, and never to the end."""

    def write(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        with suppress(OSError):
            while not stopped.wait(0.02):
                request.wfile.write(b"a")
        request.close_connection = True

    return Answer(NONE, write)


def hangs(stopped: threading.Event) -> Answer:
    """Take the request and say nothing."""

    def write(request: BaseHTTPRequestHandler) -> None:
        stopped.wait(30)
        request.close_connection = True

    return Answer(NONE, write)


@contextmanager
def serving(certificate: Path | None = None, *, port: int = 0) -> Iterator[Siem]:
    """Run one; over TLS where there is a certificate."""
    siem = Siem()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            arrival = Arrival(headers | {"path": self.path}, body, self.client_address[1])
            siem.arrivals.append(arrival)
            siem.on_arrival()
            answer = siem.answer if arrival.is_signed_by(siem.key) else answers(401)
            if 200 <= answer.status < 300:
                siem.taken.append(arrival)
            answer.write(self)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            """A client that hangs up is part of the tests."""

    server = Server(("127.0.0.1", port), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    scheme = "https" if certificate else "http"
    siem.url = f"{scheme}://127.0.0.1:{server.server_port}/in?from=dbaccess"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield siem
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    """Return a port that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
