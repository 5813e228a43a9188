"""What may stand between dbaccess and the servers that it calls: TLS, and proxies."""

import base64
import select
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)
_HOP = {"connection", "transfer-encoding", "content-length"}


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(folder: Path, *, host: str = "127.0.0.1", days_left: int = 1) -> Path:
    """Write a self-signed certificate for a host, with its key, into one file."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A company's own CA")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, _key().public_key(), x509.random_serial_number())
        .not_valid_before(now - 9 * _DAY)
        .not_valid_after(now + days_left * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False
        )
        .sign(_key(), hashes.SHA256())
    )
    file = folder / f"{host}.pem"
    private = _key().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


@contextmanager
def in_front_of(
    server: str,
    *,
    with_certificate: Path | None = None,
    dropping: frozenset[str] = frozenset(),
    adding: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """Serve what another server answers, over TLS where there is a certificate; yield the address.

    Args:
        server: its address, like `http://127.0.0.1:8000`.
        with_certificate: a file with the certificate and its key.
        dropping: names of headers in small letters that do not get through.
        adding: headers that requests get on their way.
    """
    behind = urlsplit(server).netloc

    class Handler(_Quiet):
        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = HTTPConnection(behind, timeout=30)
            sent = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            connection.request(self.command, self.path, body, {**sent, **adding})
            answer = connection.getresponse()
            content = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in dropping | _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = _forward  # noqa: N815  # http.server's names

    scheme = "https" if with_certificate else "http"
    with _serving(Handler, with_certificate) as port:
        yield f"{scheme}://127.0.0.1:{port}"


@contextmanager
def web_proxy(*, login: str | None = None, allows: bool = True) -> Iterator[tuple[str, list[str]]]:
    """Run a forward proxy; yield its `host:port`, and to where it was asked to connect.

    Args:
        login: `user:password` that it asks for.
        allows: whether it lets anything through.
    """
    asked: list[str] = []
    expected = base64.b64encode((login or "").encode()).decode()

    class Handler(_Quiet):
        def do_CONNECT(self) -> None:
            asked.append(self.path)
            if login and self.headers.get("Proxy-Authorization") != f"Basic {expected}":
                self.send_error(407)
            elif not allows:
                self.send_error(403)
            else:
                host, _, port = self.path.partition(":")
                with socket.create_connection((host, int(port))) as there:
                    self.send_response_only(200)
                    self.end_headers()
                    _relay(self.connection, there)
            self.close_connection = True

    with _serving(Handler, None) as port:
        yield f"127.0.0.1:{port}", asked


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler], certificate: Path | None) -> Iterator[int]:
    server = _Server(("127.0.0.1", 0), handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Print nothing: clients that distrust a certificate hang up."""


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Pass on what each sends, until one of them hangs up."""
    to = {one: other, other: one}
    while True:
        readable, _, _ = select.select([one, other], [], [], 30)
        for ready in readable:
            content = ready.recv(65536)
            if not content:
                return
            to[ready].sendall(content)
        if not readable:
            return
