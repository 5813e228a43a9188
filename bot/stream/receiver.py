"""The receiver: one HTTP exchange at a time, on a connection that is kept open.

`http.client`, since nothing else lets one end an exchange whose answer comes a byte at a time: the
time-outs of all clients begin again with each byte.
"""

import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import closing, suppress
from datetime import UTC, datetime
from email.message import Message
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Thread
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

from bot import __version__
from bot.connection_failures import certificates, failure_in, proxy_address_for
from bot.domain.standard_webhooks import signed
from bot.retry import TemporaryError
from bot.stream.events import CONTENT_TYPE, Event, ping

SECONDS = 15.0  # to connect, and for an answer, as Standard Webhooks has it
_IDLE_SECONDS = 4.0  # many servers close a connection after five
_LONGEST_ANSWER = 65_536  # bytes, to keep the connection; nothing of them is used
_READ_OFF_SECONDS = 1.0
_PASSING = frozenset({408, 425, 429})  # of 4xx

T = TypeVar("T")


class Unreachable(TemporaryError):
    """Nothing was delivered, and it may work by itself later."""


class NotTaken(TemporaryError):
    """The receiver does not take it, and somebody has to look: an answer 3xx or 4xx."""


class Receiver:
    """One address. To be used by one thread at a time.

    Args:
        url: https, or http on loopback.
        seconds: how long it may take to connect, and then to answer.
    """

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        self.url = url
        self._address = urlsplit(url)
        self._seconds = seconds
        self._connection: HTTPConnection | None = None
        self._outcome: Future[Any] = Future()
        self._used_at = 0.0

    @property
    def place(self) -> str:
        """Its host, and its port if that is not the usual one: what may be shown of it."""
        return self._address.netloc

    def post(self, headers: Mapping[str, str], body: bytes) -> None:
        """Deliver a message: return once the receiver has answered 2xx.

        Raises:
            Unreachable: it did not answer in time, or with 5xx, 408, 425 or 429.
            NotTaken: it answered something else. Redirects are not followed.
        """
        if monotonic() - self._used_at > _IDLE_SECONDS:
            self.close()
        connection = self._connection or _connection(self._address, self._seconds)
        self._connection = connection
        if connection.sock is None:
            self._in_time(connection, connection.connect)
        fields = {"Content-Type": CONTENT_TYPE, "User-Agent": f"dbaccess/{__version__}", **headers}
        path = (self._address.path or "/") + (f"?{query}" if (query := self._address.query) else "")
        response = self._in_time(connection, lambda: _exchange(connection, path, fields, body))
        if not response.isclosed():
            with suppress(Unreachable):  # the status has come, and that is what counts
                self._in_time(connection, lambda: _read_off(response), seconds=_READ_OFF_SECONDS)
        if not response.isclosed():  # there is more, which nobody wants
            self.close()
        self._used_at = monotonic()
        _judge(response.status, response.headers)

    def reach(self) -> None:
        """Open a connection, with TLS, and send nothing.

        Raises:
            Unreachable: that is not possible.
        """
        self.close()
        self._connection = connection = _connection(self._address, self._seconds)
        self._in_time(connection, connection.connect)

    def _in_time(
        self, connection: HTTPConnection, call: Callable[[], T], seconds: float | None = None
    ) -> T:
        """Return what a call on a connection returns, if it does so in time.

        It is made in a thread of its own, which is left behind if it looks a name up for too long.
        """
        outcome: Future[T] = Future()
        self._outcome = outcome

        def run() -> None:
            try:
                try:
                    outcome.set_result(call())
                except Exception as error:
                    outcome.set_exception(error)
            except InvalidStateError:  # nobody waits any more
                connection.close()

        Thread(target=run, name="stream-exchange", daemon=True).start()
        try:
            return outcome.result(seconds or self._seconds)
        except (OSError, HTTPException, TimeoutError) as error:
            self.close()
            failure = failure_in(error, self.url)
            raise Unreachable(str(failure or "the connection broke off")) from error

    def abort(self) -> None:
        """End the exchange in progress, if there is one; may be called from any thread."""
        with suppress(InvalidStateError):
            self._outcome.set_exception(ConnectionAbortedError())
        self.close()

    def close(self) -> None:
        """Close the connection, whatever is going on there."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection.sock is not None:
            with suppress(OSError):  # wakes the thread that reads from it
                connection.sock.shutdown(socket.SHUT_RDWR)
        connection.close()


def send_ping(receiver: Receiver, keys: Iterable[bytes], instance: str) -> Event:
    """Send an event that stands for no row, and return it once it was taken.

    Raises:
        Unreachable, NotTaken: it was not.
    """
    now = datetime.now(UTC)
    event = ping(instance, now)
    with closing(receiver):
        receiver.post(signed(keys, event.id, event.body, at=now), event.body)
    return event


def _connection(address: SplitResult, seconds: float) -> HTTPConnection:
    """Return a connection that is not open yet, by the proxy that the environment names."""
    host, port = address.hostname or "", address.port
    proxy = proxy_address_for(address.geturl())
    if address.scheme == "http":
        return HTTPConnection(host, port, timeout=seconds)
    context = ssl.create_default_context(cafile=certificates())
    if proxy is None:
        return HTTPSConnection(host, port, timeout=seconds, context=context)
    connection = HTTPSConnection(proxy.hostname or "", proxy.port, timeout=seconds, context=context)
    login = f"{unquote(proxy.username or '')}:{unquote(proxy.password or '')}"
    basic = {"Proxy-Authorization": f"Basic {b64encode(login.encode()).decode()}"}
    connection.set_tunnel(host, port, headers=basic if proxy.username else {})
    return connection


def _exchange(
    connection: HTTPConnection, path: str, headers: Mapping[str, str], body: bytes
) -> HTTPResponse:
    connection.request("POST", path, body, dict(headers))
    return connection.getresponse()


def _read_off(response: HTTPResponse) -> None:
    """Read the rest of an answer, so that the connection can be used again."""
    is_endless = response.length is None and not response.chunked
    if not is_endless:
        response.read(_LONGEST_ANSWER)


def _judge(status: int, answered: Message) -> None:
    if 200 <= status < 300:
        return
    words = f"it answered {status}"
    with suppress(ValueError):
        words += f" ({HTTPStatus(status).phrase})"
    kind = Unreachable if status >= 500 or status in _PASSING else NotTaken
    raise kind(words, _retry_after(answered))


def _retry_after(answered: Message) -> float | None:
    """Return after how many seconds the receiver wants to be asked again, if it says so."""
    asked = answered.get("Retry-After")
    try:
        return Retry().parse_retry_after(asked) if asked else None
    except (InvalidHeader, ValueError, OverflowError):
        return None
