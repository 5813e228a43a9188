"""The wire: one HTTP exchange through pydo, judged by its status and body before pydo reads it.

pydo takes a 404 on the firewall for an answer, and azure-core below it repeats, redirects and logs
by itself. So the pipeline here has none of these.
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

from bot.digitalocean.errors import (
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

_LONGEST_WORDS = 300


@dataclass(frozen=True)
class Task:
    """One of pydo's methods, like `databases.get_ca`, and its arguments, by its name here."""

    operation: str
    cluster_id: str | None
    method: str
    arguments: Mapping[str, Any]
    is_write: bool = False
    purpose: Purpose = Purpose.PAGES

    def no_use(self, reason: str) -> ApiError:
        """What a call without a usable answer comes to."""
        if self.is_write:
            said = f"It is not known whether DigitalOcean took the new rules: {reason}"
            return OutcomeUnknown(said, self.cluster_id)
        return Unavailable(f"DigitalOcean is unavailable: {reason}", self.cluster_id)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `body` is the JSON in it, None where there is none.

    Its `repr` leaves out the body, for a cluster's holds passwords and a crash report shows locals.
    """

    status: int
    headers: Mapping[str, str]
    body: Any = field(repr=False)

    def number(self, header: str) -> float | None:
        """The number in that header, None without one."""
        try:
            number = float(self.headers.get(header, ""))
        except ValueError:
            return None
        return number if math.isfinite(number) else None


class UnsentBody(BytesIO):
    """A request's body that is not sent any more once `sendable` says no.

    A write that was given up while it still waited for a name server must not replace the rules
    later on, with a list that is no longer true.
    """

    def __init__(self, content: bytes, sendable: Callable[[], bool]) -> None:
        super().__init__(content)
        self._sendable = sendable
        self._turn = Lock()
        self._is_begun = self._is_given_up = False

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; TimeoutError once they must not be sent any more."""
        with self._turn:
            if self._is_given_up or not self._sendable():
                raise TimeoutError("given up before it was sent")
            self._is_begun = True
        return super().read(size)

    def give_up(self) -> bool:
        """Have nothing more sent; return whether nothing was sent at all."""
        with self._turn:
            self._is_given_up = True
            return not self._is_begun


class Wire:
    """Connections to one endpoint, for any number of threads at once."""

    def __init__(self, token: str, endpoint: str, timeout_seconds: float) -> None:
        self._client: Callable[[], Any] = lambda: _client(token, endpoint, timeout_seconds)
        self._idle_clients: deque[Any] = deque()  # pydo takes 65 MB: it is loaded by the first call

    def send(self, task: Task, seconds: float) -> Answer | BaseException:
        """Return the answer, or what came instead of it, within that many seconds.

        The transport's time-outs count anew for each packet and for each address of the host, and
        not at all for its name. So a thread of its own does the talking, and is left behind when
        the time is up.
        """
        outcome: Future[Answer] = Future()

        def talk() -> None:
            try:
                outcome.set_result(self._talk(task))
            except Exception as error:
                outcome.set_exception(error)

        Thread(target=talk, name=f"digitalocean-{task.operation}", daemon=True).start()
        try:
            return outcome.exception(seconds) or outcome.result()
        except TimeoutError as too_late:
            return too_late

    def _talk(self, task: Task) -> Answer:
        """Call pydo with a client of one's own: azure-core's transport is not thread-safe."""
        try:
            client = self._idle_clients.pop()
        except IndexError:
            client = self._client()
        heard: list[Any] = []
        try:
            method = attrgetter(task.method)(client)
            method(**task.arguments, raw_response_hook=heard.append)
        except Exception:
            if not heard:  # otherwise this is only pydo's opinion of the answer
                raise
        finally:
            self._idle_clients.append(client)
        return _answer(heard[-1].http_response)

    def close(self) -> None:
        """Close the connections, once no call is under way."""
        while self._idle_clients:
            self._idle_clients.pop().close()


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
    )


def _answer(response: Any) -> Answer:
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    return Answer(response.status_code, response.headers, body)


def error_of(task: Task, answer: Answer, redact: Callable[[str], str]) -> ApiError | None:
    """Return what an answer comes to if it does not say that all went well."""
    body = answer.body if isinstance(answer.body, dict) else {}
    words = redact(str(body.get("message") or "no reason given"))[:_LONGEST_WORDS]
    match answer.status:
        case 200 | 204:
            return None
        case 401 | 403 as status:
            said = f"DigitalOcean does not accept the token for this ({status}): {words}"
            kind = ScopeMissing if status == 403 else NotAuthorised
            return kind(said, task.cluster_id)
        case 404 if task.cluster_id and body:  # some proxy's page would prove nothing
            said = f"DigitalOcean has no database cluster {task.cluster_id}"
            return ClusterNotFound(said, task.cluster_id)
        case 409 | 412 | 423 if task.is_write:
            return Busy(f"The cluster takes no changes at the moment: {words}", task.cluster_id)
        case 400 | 413 | 422:
            return Rejected(words, task.cluster_id)
        case status:
            return task.no_use(f"it answered {status}: {words}")


def failure_of(task: Task, error: BaseException) -> ApiError:
    """Return what an exchange without an answer comes to."""
    # Not by azure-core's ServiceRequestError: it stands for some answers that broke off, too.
    if isinstance(getattr(error, "inner_exception", None), ConnectTimeoutError):
        return Unavailable("DigitalOcean cannot be reached: no connection", task.cluster_id)
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return task.no_use("no answer in time")
    return task.no_use(f"the connection broke ({type(error).__name__})")
