"""What a receiver may do: answer anything, slowly, for ever, or not at all."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from bot.domain.standard_webhooks import signed
from bot.stream.events import ping
from bot.stream.receiver import NotTaken, Receiver, Unreachable
from tests.network_path import certificate, web_proxy
from tests.stream.siem import KEY, Answer, Siem, answers, drips, hangs, serving
from tests.waiting import eventually

NOW = datetime.now(UTC)
EVENT = ping("prod", NOW)
SECONDS = 0.5


def post(url: str, seconds: float = 20.0) -> None:
    with closing(Receiver(url, seconds=seconds)) as receiver:
        receiver.post(signed((KEY,), EVENT.id, EVENT.body, at=NOW), EVENT.body)


def exchanges() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "stream-exchange"]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_delivery(siem: Siem, status: int) -> None:
    siem.answer = answers(status)
    post(siem.url)
    assert len(siem.taken) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599, 429, 408, 425])
def test_what_passes_is_told_from_what_somebody_must_look_at(siem: Siem, status: int) -> None:
    siem.answer = answers(status)
    with pytest.raises(Unreachable, match=f"it answered {status}"):
        post(siem.url)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 410, 413])
def test_what_it_does_not_take_is_a_matter_for_somebody(siem: Siem, status: int) -> None:
    with serving() as elsewhere:
        siem.answer = answers(status, Location=elsewhere.url)
        with pytest.raises(NotTaken, match=rf"it answered {status} \(\w"):
            post(siem.url)
        assert elsewhere.arrivals == []


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("7200", 7200),
        (timedelta(hours=2), 7200),
        (timedelta(hours=-1), 0),
        ("soon", None),
        ("-5", None),
        ("9" * 400, 21_600),
        ("Fri, 99 Foo 2026 99:99:99 GMT", None),
    ],
    ids=["seconds", "a time", "a time before", "a word", "less than 0", "much", "no time"],
)
def test_retry_after_is_read_in_both_forms_and_nonsense_is_none(
    siem: Siem, asked: str | timedelta, seconds: float | None
) -> None:
    if isinstance(asked, timedelta):
        asked = format_datetime(datetime.now(UTC) + asked, usegmt=True)
    siem.answer = answers(503, Retry_After=asked)
    with pytest.raises(Unreachable) as error:
        post(siem.url)
    found = error.value.retry_after
    assert found == (None if seconds is None else pytest.approx(seconds, abs=600))


def test_the_words_of_the_receiver_are_not_repeated(siem: Siem) -> None:
    siem.answer = answers(400, b"your token hunter2 is wrong")
    with pytest.raises(NotTaken) as error:
        post(siem.url)
    assert str(error.value) == "it answered 400 (Bad Request)"


@pytest.mark.parametrize("slow", [hangs, drips])
def test_one_that_hangs_or_drips_is_left_in_time_and_leaves_no_thread(
    siem: Siem, slow: Callable[[threading.Event], Answer]
) -> None:
    stopped = threading.Event()
    siem.answer = slow(stopped)
    began = monotonic()

    with pytest.raises(Unreachable, match="no answer in time"):
        post(siem.url, SECONDS)

    assert monotonic() - began < SECONDS + 5
    eventually(lambda: not exchanges())
    stopped.set()


def endless(request: Any, stopped: threading.Event) -> None:
    request.send_response(200)
    request.end_headers()
    stopped.wait(30)


def dripping(request: Any, stopped: threading.Event) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "100000")
    request.end_headers()
    with suppress(OSError):
        while not stopped.wait(0.02):
            request.wfile.write(b"a")
    request.close_connection = True


@pytest.mark.parametrize("write", [endless, dripping])
def test_the_status_counts_whatever_comes_behind_it(
    siem: Siem, monkeypatch: pytest.MonkeyPatch, write: Callable[..., None]
) -> None:
    monkeypatch.setattr("bot.stream.receiver._READ_OFF_SECONDS", 0.1)
    stopped = threading.Event()
    siem.answer = Answer(200, lambda request: write(request, stopped))
    post(siem.url)
    eventually(lambda: not exchanges())
    stopped.set()
    assert len(siem.taken) == 1


def test_a_huge_answer_is_not_read(siem: Siem) -> None:
    written: list[int] = []

    def huge(request: Any) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(10**12))
        request.end_headers()
        try:
            while len(written) < 10_000:
                request.wfile.write(b"x" * 65_536)
                written.append(1)
        except OSError:
            request.close_connection = True

    siem.answer = Answer(200, huge)
    post(siem.url)
    assert len(written) < 1_000


def test_no_http_at_all_is_no_delivery() -> None:
    def talk() -> None:
        client, _ = server.accept()
        with client:
            client.recv(65_536)
            client.sendall(b"220 mail.example.com ESMTP\r\n")

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        threading.Thread(target=talk).start()
        with pytest.raises(Unreachable, match="broke off"):
            post(f"http://127.0.0.1:{server.getsockname()[1]}/")


def test_one_that_drips_while_tls_is_set_up_leaves_no_thread() -> None:
    stopped = threading.Event()

    def drip() -> None:
        client, _ = server.accept()
        with client, suppress(OSError):
            client.sendall(b"\x16\x03\x03\x40\x00")  # a long record begins
            while not stopped.wait(0.02):
                client.sendall(b"\x00")

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        dripping = threading.Thread(target=drip)
        dripping.start()
        with pytest.raises(Unreachable, match="no answer in time"):
            post(f"https://127.0.0.1:{server.getsockname()[1]}/", SECONDS)
        eventually(lambda: not exchanges(), seconds=5)
        stopped.set()
        dripping.join()


@pytest.mark.parametrize(
    ("behind", "path"), [("", "/"), ("?a=b", "/?a=b"), ("/in?a=b&c", "/in?a=b&c")]
)
def test_path_and_query_arrive_as_they_were_written(siem: Siem, behind: str, path: str) -> None:
    post(siem.url.removesuffix("/in?from=dbaccess") + behind)
    assert siem.taken[0].headers["path"] == path


def test_nobody_there_is_no_delivery() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable, match="no connection"):
        post(f"http://127.0.0.1:{port}/")


def test_a_name_that_nobody_knows_is_no_delivery() -> None:
    with pytest.raises(Unreachable, match=r"the DNS has no siem\.invalid"):
        post("https://siem.invalid/in")


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return file


def test_over_tls_it_is_delivered_where_the_certificate_is_trusted(trusted: Path) -> None:
    with serving(trusted) as siem:
        post(siem.url)
    assert len(siem.taken) == 1


@pytest.fixture(params=["unknown", "another host", "expired"])
def distrusted(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    match request.param:
        case "unknown":
            yield certificate(tmp_path)
            return
        case "another host":
            file = certificate(tmp_path, host="127.0.0.9")
        case _:
            file = certificate(tmp_path, days_left=-1)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    yield file


def test_over_tls_nothing_is_said_to_one_whose_certificate_is_not_right(distrusted: Path) -> None:
    with serving(distrusted) as siem, pytest.raises(Unreachable, match="certificate"):
        post(siem.url)
    assert siem.arrivals == []


def test_a_proxy_of_the_environment_is_used_with_its_login(
    trusted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(trusted) as siem, web_proxy(login="us:p@ss") as (proxy, asked):
        monkeypatch.setenv("HTTPS_PROXY", f"http://us:p%40ss@{proxy}")
        monkeypatch.setenv("NO_PROXY", "")
        post(siem.url)
    assert len(siem.taken) == 1
    assert len(asked) == 1


def test_a_connection_that_was_idle_is_not_used_again(
    siem: Siem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may just be closing it."""
    headers = signed((KEY,), EVENT.id, EVENT.body, at=NOW)
    with closing(Receiver(siem.url)) as receiver:
        receiver.post(headers, EVENT.body)
        receiver.post(headers, EVENT.body)
        monkeypatch.setattr("bot.stream.receiver._IDLE_SECONDS", -1.0)
        receiver.post(headers, EVENT.body)
    first, second, third = (arrival.connection for arrival in siem.taken)
    assert first == second != third
