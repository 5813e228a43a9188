"""The transport: one HTTP exchange with DigitalOcean's API, judged by its status and body.

Nothing is retried here, no redirect is followed, and no header is logged.
"""

from __future__ import annotations

import json
import math
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from io import BytesIO
from threading import Lock, Thread
from typing import Any
from urllib.parse import unquote, urlencode

from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Timeout, make_headers
from urllib3.exceptions import ConnectTimeoutError

from bot import __version__
from bot.connection_failures import ConnectionFailure, certificates, failure_in, proxy_address_for
from bot.providers.base import (
    ApiError,
    Busy,
    ClusterNotFound,
    NotAuthorised,
    OutcomeUnknown,
    Purpose,
    Rejected,
    ScopeMissing,
    Unavailable,
)

OFFICIAL = "https://api.digitalocean.com"
_LONGEST_WORDS = 300
_IDLE_CONNECTIONS = 32  # that are kept for the next call; more are opened where that takes it


@dataclass(frozen=True)
class Call:
    """One call of the API: a GET, or a PUT if it has a body.

    Attributes:
        operation: what metrics call it.
        path: from the endpoint on, like `/v2/tags`; parts that vary are quoted already.
    """

    operation: str
    cluster_id: str | None
    path: str
    query: Mapping[str, int] = field(default_factory=dict)
    body: CancellableBody | None = None
    purpose: Purpose = Purpose.PAGES

    @property
    def is_write(self) -> bool:
        """Whether it changes something."""
        return self.body is not None

    def unanswered(self, reason: str, status: int | None = None, *, advice: str = "") -> ApiError:
        """Return the error for a call that got no usable answer."""
        said = f"DigitalOcean: {reason}"
        if self.is_write:
            said = f"{said} (the change may have been made)"
            return OutcomeUnknown(said, self.cluster_id, status=status, advice=advice)
        return Unavailable(said, self.cluster_id, status=status, advice=advice)


@dataclass(frozen=True)
class Response:
    """An HTTP response; `body` is the JSON in it, None where there is none.

    Its `repr` omits the body: a cluster's holds passwords, and a crash report shows locals.
    """

    status: int
    headers: Mapping[str, str]
    body: Any = field(repr=False)

    def number(self, header: str) -> float | None:
        """Return the number in a header, None without one."""
        try:
            number = float(self.headers.get(header, ""))
        except ValueError:
            return None
        return number if math.isfinite(number) else None


class CancellableBody(BytesIO):
    """A request's body that can be held back until its first byte is sent.

    A write that timed out while it waited for a name server must not replace the rules later,
    with a list that is no longer true. *sendable* is asked before each read; see `cancel`.
    """

    def __init__(self, content: bytes, sendable: Callable[[], bool]) -> None:
        super().__init__(content)
        self._sendable = sendable
        self._lock = Lock()
        self._is_begun = self._is_cancelled = False

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; TimeoutError once they must not be sent."""
        with self._lock:
            if self._is_cancelled or not self._sendable():
                raise TimeoutError("cancelled before it was sent")
            self._is_begun = True
        return super().read(size)

    def __len__(self) -> int:
        """How many bytes there are to send in all."""
        return len(self.getbuffer())

    def cancel(self) -> bool:
        """Send nothing more; return whether nothing at all was sent."""
        with self._lock:
            self._is_cancelled = True
            return not self._is_begun


class Transport:
    """Connections to one endpoint, for any number of threads at once."""

    def __init__(self, token: str, endpoint: str, timeout_seconds: float) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._set_by = "" if self._endpoint == OFFICIAL else "DIGITALOCEAN_API_URL"
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Authorization": f"Bearer {token}",
            "User-Agent": f"dbaccess/{__version__}",
        }
        self._timeout = Timeout(connect=timeout_seconds / 2, read=timeout_seconds)
        self._lock = Lock()
        self._pool: PoolManager | None = None  # the first call makes it, which reads the CAs

    def send(self, call: Call, seconds: float) -> Response | BaseException:
        """Return the response, or the exception that came instead, within that many seconds.

        urllib3's time-outs start again with each packet and with each address of the host, and do
        not cover the look-up of its name. So a thread of its own does the exchange, and is left
        behind when the time is up.
        """
        outcome: Future[Response] = Future()

        def exchange() -> None:
            try:
                outcome.set_result(self._exchange(call))
            except Exception as error:
                outcome.set_exception(error)

        Thread(target=exchange, name=f"digitalocean-{call.operation}", daemon=True).start()
        try:
            return outcome.exception(seconds) or outcome.result()
        except TimeoutError as too_late:
            return too_late

    def _exchange(self, call: Call) -> Response:
        headers = dict(self._headers)
        if call.body is not None:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(call.body))}
        url = f"{self._endpoint}{call.path}"
        response = self._connections().urlopen(
            "PUT" if call.is_write else "GET",
            f"{url}?{urlencode(call.query)}" if call.query else url,
            body=call.body,
            headers=headers,
            timeout=self._timeout,
            retries=False,
            redirect=False,
        )
        return _response(response)

    def failure_of(self, call: Call, error: BaseException) -> ApiError:
        """Return the error for an exchange that ended without a response."""
        failure = failure_in(error, self._endpoint, set_by=self._set_by)
        failure = failure or ConnectionFailure("the connection broke off")
        if isinstance(error, ConnectTimeoutError):  # refused, or without a name, too
            said = f"DigitalOcean: {failure.words}"
            return Unavailable(said, call.cluster_id, advice=failure.remedy)
        if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
            return call.unanswered("no answer in time", advice="does a firewall let it through?")
        return call.unanswered(failure.words, advice=failure.remedy)

    def close(self) -> None:
        """Close the connections, once no call is under way."""
        with self._lock:
            if self._pool is not None:
                self._pool.clear()

    def _connections(self) -> PoolManager:
        with self._lock:
            self._pool = self._pool or _pool(self._endpoint)
            return self._pool


def _pool(endpoint: str) -> PoolManager:
    """Return what opens connections, by the proxy and with the CAs that the environment names."""
    tls = ssl.create_default_context(cafile=certificates())
    proxy = proxy_address_for(endpoint) if endpoint.startswith("https:") else None
    if proxy is None:
        return PoolManager(maxsize=_IDLE_CONNECTIONS, ssl_context=tls)
    login = f"{unquote(proxy.username or '')}:{unquote(proxy.password or '')}"
    return ProxyManager(
        proxy._replace(scheme=proxy.scheme or "http").geturl(),
        proxy_headers=make_headers(proxy_basic_auth=login) if proxy.username else {},
        maxsize=_IDLE_CONNECTIONS,
        ssl_context=tls,
    )


def _response(received: BaseHTTPResponse) -> Response:
    try:
        body = json.loads(received.data)
    except ValueError:
        body = None
    return Response(received.status, received.headers, body)


def error_of(call: Call, response: Response, redact: Callable[[str], str]) -> ApiError | None:
    """Return the error that a response stands for, None if it says that all went well."""
    body = response.body if isinstance(response.body, dict) else {}
    words = redact(str(body.get("message") or "no reason given"))[:_LONGEST_WORDS]
    match response.status:
        case 200 | 204:
            return None
        case 401 | 403 as status:
            said = f"DigitalOcean does not accept the token for this ({status}): {words}"
            kind = ScopeMissing if status == 403 else NotAuthorised
            return kind(said, call.cluster_id)
        case 404 if call.cluster_id and body:  # some proxy's page would prove nothing
            said = f"DigitalOcean has no database cluster {call.cluster_id}"
            return ClusterNotFound(said, call.cluster_id)
        case 409 | 412 | 423 if call.is_write:
            return Busy(f"The cluster takes no changes at the moment: {words}", call.cluster_id)
        case 400 | 413 | 422:
            return Rejected(words, call.cluster_id)
        case status:
            return call.unanswered(f"{status} {words}", status)
