"""Slow connections: a thousand of them silence nobody, and each is closed in time."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlparse

import pytest
import requests
from flask import Flask

from bot.web.http_server import HttpServer
from tests.scenarios.world import RITA, World
from tests.waiting import eventually

MANY = 1_000
PART = b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: 50\r\n"


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


@contextmanager
def server(app: Flask) -> Iterator[HttpServer]:
    made = HttpServer(app, "127.0.0.1", 0, request_seconds=1)
    made.start()
    yield made
    made.stop()


def is_closed(line: socket.socket, more: bytes) -> bool:
    """Send a little more; tell whether the other side has hung up."""
    line.settimeout(0.05)
    try:
        line.sendall(more)
        return line.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_thousand_slow_connections_silence_neither_healthz_nor_slack(world: World) -> None:
    port = int(urlparse(world.service.url).port or 0)
    with ExitStack() as lines:
        for _ in range(MANY):
            lines.enter_context(connect(port)).sendall(PART)

        health = requests.get(f"{world.service.url}/healthz", timeout=5)
        answer = world.slack.command(RITA, "help", channel_id="C0GENERAL")

        assert health.text == "alive\n"
        assert answer.status == 200
        assert "dbaccess" in answer.text


@pytest.mark.parametrize(
    ("first", "more"),
    [(b"", b""), (PART, b""), (b"", b"\r\n"), (PART, b"x"), (PART + b"\r\n", b"x")],
    ids=["silent", "silent in the headers", "empty lines", "headers drip", "body drips"],
)
def test_a_connection_that_brings_no_whole_request_in_time_is_closed(
    first: bytes, more: bytes
) -> None:
    with server(Flask("x")) as slow, connect(slow.port) as line:
        line.sendall(first)

        assert eventually(lambda: is_closed(line, more), seconds=20)


def test_a_connection_that_is_used_again_stays_open_between_two_requests() -> None:
    """Proxies keep connections; one that is closed under their hands is an error to Slack."""
    with (
        server(Flask("x")) as patient,
        requests.Session() as session,
        connect(patient.port) as slow,
    ):
        url = f"http://127.0.0.1:{patient.port}/"
        first = session.get(url, timeout=5, stream=True)
        line = getattr(first.raw.connection, "sock")  # noqa: B009  # known once it is connected
        first.content  # noqa: B018  # read to its end
        eventually(lambda: is_closed(slow, b""), seconds=20)

        assert not is_closed(line, b"")
