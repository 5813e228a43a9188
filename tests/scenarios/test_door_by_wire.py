"""The door, byte for byte: lengths that lie, bodies in chunks, odd methods, and what it costs."""

import socket
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import quote, urlparse

import pytest
import requests

from tests.scenarios.deciding import ASK
from tests.scenarios.test_forgery import FORM, command_body
from tests.scenarios.world import RITA, World

BODY = command_body(ASK)
MEGABYTES = b"text=" + b"x" * 3_000_000


def says(world: World, *parts: bytes, path: bytes = b"/slack/events") -> str:
    """Send bytes, half-close, and read all that comes back."""
    at = urlparse(world.service.url)
    with socket.create_connection((str(at.hostname), int(at.port or 0)), timeout=30) as line:
        try:
            line.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n")
            for part in parts:
                line.sendall(part)
            with suppress(OSError):  # it has read enough, and hung up
                line.shutdown(socket.SHUT_WR)
            return _rest(line).decode("latin-1")
        except (BrokenPipeError, ConnectionResetError):
            return ""  # it hung up in the middle, which is an answer too


def _rest(line: socket.socket) -> bytes:
    return b"".join(iter(lambda: line.recv(65_536), b""))


def head(world: World, body: bytes, *more: str) -> bytes:
    signed = {**FORM, **world.slack.signed(body)}
    lines = [*(f"{name}: {value}" for name, value in signed.items()), *more]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def chunks(body: bytes) -> Iterable[bytes]:
    for start in range(0, len(body), 60_000):
        piece = body[start : start + 60_000]
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    yield b"0\r\n\r\n"


def assert_unmoved(world: World, before: dict[str, int]) -> None:
    """Nothing was changed, and whoever comes next is served."""
    assert world.footprint() == before
    assert world.slack.command(RITA, "help", channel_id="C0GENERAL").status == 200


def test_a_signed_body_may_come_in_chunks(world: World) -> None:
    """The counter-proof of the tests below."""
    answer = says(world, head(world, BODY, "Transfer-Encoding: chunked"), *chunks(BODY))
    assert answer.startswith("HTTP/1.1 200")
    assert world.request().requester == RITA


@pytest.mark.parametrize(
    ("length", "status"),
    [("5", "401"), ("-1", "400"), ("1e3", "400"), ("+9", "400"), ("99999999", "413")],
)
def test_a_length_that_lies_changes_nothing(world: World, length: str, status: str) -> None:
    before = world.footprint()

    answer = says(world, head(world, BODY, f"Content-Length: {length}"), BODY)

    assert answer == "" or answer.startswith(f"HTTP/1.1 {status}")
    assert_unmoved(world, before)


def test_a_body_that_breaks_off_changes_nothing(world: World) -> None:
    before = world.footprint()

    answer = says(world, head(world, BODY, f"Content-Length: {len(BODY) + 1}"), BODY)

    assert "200 OK" not in answer
    assert_unmoved(world, before)


def test_two_lengths_that_differ_are_refused(world: World) -> None:
    before = world.footprint()
    lengths = ("Content-Length: 5", f"Content-Length: {len(BODY)}")

    answer = says(world, head(world, BODY, *lengths), BODY)

    assert "200 OK" not in answer.partition("\n")[0]  # it may hang up without a word
    assert_unmoved(world, before)


@pytest.mark.parametrize("how", ["length", "chunks"])
def test_megabytes_are_refused_however_they_come(world: World, how: str) -> None:
    before = world.footprint()

    if how == "length":
        answer = says(world, head(world, BODY, f"Content-Length: {len(MEGABYTES)}"), MEGABYTES)
    else:
        chunked = head(world, BODY, "Transfer-Encoding: chunked")
        answer = says(world, chunked, *chunks(MEGABYTES))

    assert answer == "" or answer.startswith("HTTP/1.1 413")
    assert_unmoved(world, before)


def test_chunks_that_are_none_are_refused(world: World) -> None:
    before = world.footprint()

    answer = says(world, head(world, BODY, "Transfer-Encoding: chunked"), b"zz\r\nabc\r\n0\r\n\r\n")

    assert answer.startswith("HTTP/1.1 400")
    assert_unmoved(world, before)


def test_endless_headers_are_refused(world: World) -> None:
    before = world.footprint()

    answer = says(world, head(world, BODY, f"X-Long: {'x' * 400_000}"))

    assert answer == "" or answer.startswith("HTTP/1.1 431")
    assert_unmoved(world, before)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_the_door_opens_for_no_other_method(world: World, method: str) -> None:
    before = world.footprint()
    url = f"{world.service.url}/slack/events"

    answer = requests.request(
        method, url, data=BODY, headers={**FORM, **world.slack.signed(BODY)}, timeout=30
    )

    assert answer.status_code == 405
    assert_unmoved(world, before)


@pytest.mark.parametrize("query", [b"?%ff=%00", b"?payload=%7B%7D", b"?text=help"])
def test_what_stands_behind_the_path_counts_for_nothing(world: World, query: bytes) -> None:
    whole = head(world, BODY, f"Content-Length: {len(BODY)}")

    answer = says(world, whole, BODY, path=b"/slack/events" + query)

    assert answer.startswith("HTTP/1.1 200")
    assert world.request().requester == RITA


@pytest.mark.both_databases
@pytest.mark.parametrize("reason", ["a\x00b", "a\ud800b", "a\x1b[31mb", "a\u202eb\u200b", "a\r\nb"])
def test_a_reason_is_kept_as_one_line_of_text_whatever_it_holds(world: World, reason: str) -> None:
    text = quote(f"{ASK.removesuffix(' invoice 88')} {reason}".encode(errors="surrogatepass"))
    body = f"command=%2Fdbaccess&user_id={RITA}&trigger_id=1.forged&text={text}".encode()

    assert world.slack.send_raw(body, {**FORM, **world.slack.signed(body)}).status == 200

    assert world.request().reason.isprintable()
    assert world.request().reason.startswith("a")


@pytest.mark.both_databases
@pytest.mark.parametrize("user", ["U\x00", "U0 RITA", "<@U0RITA>", "U" * 33, "\u0663", ""])
def test_who_has_no_id_of_slacks_making_is_nobody(world: World, user: str) -> None:
    before = world.footprint()
    body = f"command=%2Fdbaccess&user_id={quote(user)}&trigger_id=1.x&text={quote(ASK)}".encode()

    answer = world.slack.send_raw(body, {**FORM, **world.slack.signed(body)})

    assert answer.status == 200
    assert answer.text == ""
    assert_unmoved(world, before)
