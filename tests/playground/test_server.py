import errno
import http.client
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from werkzeug.wrappers import Request, Response

from dbaccess_playground.server import LoopbackServer

TIMEOUT_SECONDS = 10


@Request.application
def echo(request: Request) -> Response:
    match request.path:
        case "/stream":
            return Response(iter([b"one,", b"", b"two"]))
        case "/nothing":
            return Response(status=204)
        case "/break":
            return Response(breaking_off())
        case _:
            return Response(request.get_data() if request.path == "/echo" else b"unread")


def breaking_off() -> Iterator[bytes]:
    yield b"one,"
    raise ConnectionAbortedError


def connect(server: LoopbackServer) -> HTTPConnection:
    return HTTPConnection(urlsplit(server.url).netloc, timeout=TIMEOUT_SECONDS)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(echo) as server:
        yield server


@pytest.fixture
def connection(server: LoopbackServer) -> Iterator[HTTPConnection]:
    connection = connect(server)
    yield connection
    connection.close()


def said(connection: HTTPConnection, path: str, body: bytes | None = None) -> bytes:
    connection.request("POST" if body else "GET", path, body)
    return connection.getresponse().read()


def test_one_connection_serves_many_requests(connection: HTTPConnection) -> None:
    connection.connect()
    kept = connection.sock
    assert said(connection, "/echo", b"hello") == b"hello"
    assert said(connection, "/unread", b"x" * 100_000) == b"unread"
    assert said(connection, "/nothing") == b""
    assert said(connection, "/stream") == b"one,two"
    assert said(connection, "/echo", b"bye") == b"bye"
    assert connection.sock is kept


def test_a_body_in_chunks_is_read_whole(connection: HTTPConnection) -> None:
    connection.request("POST", "/echo", iter([b"one,", b"two"]), encode_chunked=True)
    assert connection.getresponse().read() == b"one,two"


def test_head_is_answered_without_a_body(connection: HTTPConnection) -> None:
    connection.request("HEAD", "/stream")
    assert connection.getresponse().read() == b""
    assert said(connection, "/echo", b"hello") == b"hello"


def test_an_application_can_break_off_its_answer(connection: HTTPConnection) -> None:
    with pytest.raises(http.client.IncompleteRead):
        said(connection, "/break")


def test_stopping_cuts_the_idle_connections(server: LoopbackServer) -> None:
    connection = connect(server)
    said(connection, "/nothing")
    server.stop()
    assert isinstance(connection.sock, socket.socket)
    assert connection.sock.recv(1) == b""
    connection.close()


def test_a_second_start_takes_the_same_port(server: LoopbackServer) -> None:
    url = server.url
    server.stop()
    server.start()
    assert server.url == url
    connection = connect(server)
    assert said(connection, "/stream") == b"one,two"
    connection.close()


def test_there_is_no_address_before_the_first_start() -> None:
    with pytest.raises(RuntimeError, match="before its first start"):
        _ = LoopbackServer(echo).url


def test_stopping_twice_is_no_harm_but_starting_twice_is_a_mistake(
    server: LoopbackServer,
) -> None:
    with pytest.raises(RuntimeError, match="running already"):
        server.start()
    server.stop()
    server.stop()


def test_a_port_that_is_not_served_for_a_while_is_nobody_elses(server: LoopbackServer) -> None:
    address = ("127.0.0.1", urlsplit(server.url).port or 0)
    server.stop()
    with socket.socket() as other:
        with pytest.raises(OSError, match="in use"):
            other.bind(address)
        assert other.connect_ex(address) == errno.ECONNREFUSED
    server.start()
    with closing(connect(server)) as connection:
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
