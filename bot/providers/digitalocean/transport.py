"""The transport: one HTTP exchange through pydo, judged by its status and body, not by pydo.

pydo takes a 404 on the firewall for an answer, and azure-core below it retries, redirects and logs
on its own. So the pipeline here has none of these.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from io import BytesIO
from operator import attrgetter
from threading import Lock, Thread
from typing import Any

from urllib3.exceptions import ConnectTimeoutError

from bot.connection_failures import ConnectionFailure, certificates, failure_in
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


@dataclass(frozen=True)
class PydoCall:
    """One of pydo's methods, like `databases.get_ca`, with its arguments.

    `operation` is what metrics call it.
    """

    operation: str
    cluster_id: str | None
    method: str
    arguments: Mapping[str, Any]
    is_write: bool = False
    purpose: Purpose = Purpose.PAGES

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

    def cancel(self) -> bool:
        """Send nothing more; return whether nothing at all was sent."""
        with self._lock:
            self._is_cancelled = True
            return not self._is_begun


class Transport:
    """Connections to one endpoint, for any number of threads at once."""

    def __init__(self, token: str, endpoint: str, timeout_seconds: float) -> None:
        self._client: Callable[[], Any] = lambda: _client(token, endpoint, timeout_seconds)
        self._endpoint = endpoint
        self._set_by = "" if endpoint.rstrip("/") == OFFICIAL else "DIGITALOCEAN_API_URL"
        self._idle_clients: deque[Any] = deque()  # pydo takes 65 MB: it is loaded by the first call

    def send(self, call: PydoCall, seconds: float) -> Response | BaseException:
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

    def _exchange(self, call: PydoCall) -> Response:
        """Call pydo, each thread with a client of its own: azure-core is not thread-safe."""
        try:
            client = self._idle_clients.pop()
        except IndexError:
            client = self._client()
        responses: list[Any] = []
        try:
            method = attrgetter(call.method)(client)
            method(**call.arguments, raw_response_hook=responses.append)
        except Exception:
            if not responses:  # otherwise this is only what pydo makes of the response
                raise
        finally:
            self._idle_clients.append(client)
        return _response(responses[-1].http_response)

    def failure_of(self, call: PydoCall, error: BaseException) -> ApiError:
        """Return the error for an exchange that ended without a response."""
        failure = failure_in(error, self._endpoint, set_by=self._set_by)
        failure = failure or ConnectionFailure("the connection broke off")
        # azure-core's ServiceRequestError would not do: some that broke off raise it too.
        if isinstance(getattr(error, "inner_exception", None), ConnectTimeoutError):
            said = f"DigitalOcean: {failure.words}"
            return Unavailable(said, call.cluster_id, advice=failure.remedy)
        if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
            return call.unanswered("no answer in time", advice="does a firewall let it through?")
        return call.unanswered(failure.words, advice=failure.remedy)

    def close(self) -> None:
        """Close the connections, once no call is under way."""
        while self._idle_clients:
            self._idle_clients.pop().close()


def load_pydo() -> None:
    """Load what a client is made of; the first time takes seconds on a busy machine."""
    import pydo  # noqa: F401


def _client(token: str, endpoint: str, timeout_seconds: float) -> Any:
    from azure.core.credentials import AzureKeyCredential
    from azure.core.pipeline import policies
    from pydo import Client

    key = AzureKeyCredential(token)
    return Client(
        token,
        endpoint=endpoint.rstrip("/"),
        policies=[
            policies.UserAgentPolicy(sdk_moniker="dbaccess"),
            policies.CustomHookPolicy(),
            policies.AzureKeyCredentialPolicy(key, "Authorization", prefix="Bearer"),
        ],
        connection_timeout=timeout_seconds / 2,
        read_timeout=timeout_seconds,
        connection_verify=certificates() or True,
    )


def _response(received: Any) -> Response:
    try:
        body = json.loads(received.content)
    except ValueError:
        body = None
    return Response(received.status_code, received.headers, body)


def error_of(call: PydoCall, response: Response, redact: Callable[[str], str]) -> ApiError | None:
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
