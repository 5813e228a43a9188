"""DigitalOcean's databases API: typed rules in, typed errors out. Nothing else imports pydo.

pydo takes a 404 on the firewall for an answer, and azure-core below it repeats, redirects and logs
by itself. So the pipeline here has none of these, and every answer is judged by its status and
body before pydo reads anything into it.
"""

from __future__ import annotations

import json
import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC
from io import BytesIO
from itertools import count
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.stop import stop_before_delay
from tenacity.wait import wait_random_exponential
from urllib3.exceptions import ConnectTimeoutError

from bot.domain.plan import Rule

SHORT_WAIT_SECONDS = 5.0  # a read sits out a 429 of up to this long
USUAL_WAIT_SECONDS = 60.0  # the burst limit counts by the minute
LONGEST_WAIT_SECONDS = 3600.0  # the other limit counts by the hour; no header silences us longer
PER_PAGE = 200
LONGEST_WORDS = 300
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class ApiError(Exception):
    """A call that failed; its text is a sentence for operators and never holds the token."""

    def __init__(self, message: str, cluster_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.cluster_id = cluster_id


class ClusterNotFound(ApiError):
    """There is no such cluster, which is not the same as one without rules."""


class NotAuthorised(ApiError):
    """The token is wrong, or its scopes do not allow this; nothing was changed."""


class Rejected(ApiError):
    """The content was refused and nothing was changed; `message` is in the API's own words."""


class RateLimited(ApiError):
    """Too many calls for this token, nothing was changed; try again in `retry_after` seconds."""

    def __init__(self, retry_after: float, cluster_id: str | None = None) -> None:
        said = f"DigitalOcean's rate limit is reached, try again in {math.ceil(retry_after)} s"
        super().__init__(said, cluster_id)
        self.retry_after = retry_after


class Unavailable(ApiError):
    """There was no usable answer, and nothing was changed."""


class OutcomeUnknown(ApiError):
    """A write without a usable answer: it may have taken effect or not. Read the rules back."""


@dataclass(frozen=True)
class Cluster:
    """A managed database cluster; `engine` is `pg`, `mysql` or so, `status` `online` or so."""

    id: str
    name: str
    engine: str
    status: str


@dataclass(frozen=True)
class Call:
    """One HTTP exchange, for metrics; `status` is None where no whole answer came."""

    operation: str
    cluster_id: str | None
    status: int | None
    seconds: float


class DigitalOcean:
    """The API, for any number of threads at once; its methods raise the errors above.

    Args:
        token: needs the scopes `database:read` and `database:update`.
        endpoint: https, or http on loopback; anything else raises ValueError.
        timeout_seconds: the longest silence; a method returns within 1.5 times as long, its
            repetitions included (`clusters`: for each page).
        attempts: how often a read is tried; a write is never repeated.
        sleep: waits that many seconds between attempts.
        monotonic: seconds that only grow.
        on_call: told of each HTTP exchange, in the caller's thread.
    """

    def __init__(
        self,
        token: str,
        *,
        endpoint: str = "https://api.digitalocean.com",
        timeout_seconds: float = 10.0,
        attempts: int = 3,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        on_call: Callable[[Call], None] | None = None,
    ) -> None:
        address = urlsplit(endpoint)
        if address.scheme != "https" and address.hostname not in LOOPBACK:
            raise ValueError("DigitalOcean's endpoint must be https, for the token travels there")
        self.rate_limit_remaining: int | None = None
        self._limit_seconds = 1.5 * timeout_seconds
        self._attempts = attempts
        self._sleep = sleep
        self._monotonic = monotonic
        self._on_call = on_call
        self._not_before = -math.inf
        self._redact: Callable[[str], str] = lambda text: text.replace(token, "[token]")
        self._client: Callable[[], Any] = lambda: _client(token, endpoint, timeout_seconds)
        self._idle_clients: deque[Any] = deque([self._client()])

    def read_rules(self, cluster_id: str) -> list[Rule]:
        """Return every rule of the cluster as the API holds it, in its order."""
        where = {"database_cluster_uuid": cluster_id}
        task = _Task("read_rules", cluster_id, "list_firewall_rules", where)
        return [_in_utc(rule) for rule in self._read(task, _RulesBody).rules]

    def write_rules(self, cluster_id: str, rules: Sequence[Rule]) -> None:
        """Replace the cluster's whole list of rules, in one attempt.

        Raises ValueError for an empty list, which would open the cluster to the world (P2).
        """
        if not rules:
            raise ValueError("an empty list of rules would open the cluster to everybody")
        deadline = self._monotonic() + self._limit_seconds
        content = json.dumps({"rules": [_as_json(rule) for rule in rules]}).encode()
        body = _Body(content, lambda: self._monotonic() < deadline)
        what = {"database_cluster_uuid": cluster_id, "body": body}
        task = _Task("write_rules", cluster_id, "update_firewall_rules", what, is_write=True)
        self._mind_the_limit(task)
        self._exchange(task, deadline)

    def clusters(self) -> list[Cluster]:
        """Return every cluster that the token can see."""
        clusters: list[Cluster] = []
        for number in count(1):
            which = {"params": {"page": number, "per_page": PER_PAGE}}
            page = self._read(_Task("clusters", None, "list_clusters", which), _ClustersBody)
            clusters += page.databases
            if not page.databases or not page.links.get("pages", {}).get("next"):
                break
        return clusters

    def cluster(self, cluster_id: str) -> Cluster:
        """Return one cluster."""
        where = {"database_cluster_uuid": cluster_id}
        return self._read(_Task("cluster", cluster_id, "get_cluster", where), _ClusterBody).database

    def close(self) -> None:
        """Close the connections, once no call is under way."""
        while self._idle_clients:
            self._idle_clients.pop().close()

    def _read(self, task: _Task, shape: type[Body]) -> Body:
        deadline = self._monotonic() + self._limit_seconds
        self._mind_the_limit(task)

        def attempt() -> Body:
            answer = self._exchange(task, deadline)
            try:
                return shape.model_validate(answer.body)
            except ValidationError:
                nonsense = task.no_use(f"it answered {answer.status} with what makes no sense")
            raise nonsense

        return Retrying(
            stop=stop_after_attempt(self._attempts) | stop_before_delay(self._limit_seconds),
            wait=_pause,
            retry=retry_if_exception(_is_worth_repeating),
            sleep=self._sleep,
            reraise=True,
        )(attempt)

    def _mind_the_limit(self, task: _Task) -> None:
        """Make no call before the time that the last 429 named: the limit is the token's."""
        wait = self._not_before - self._monotonic()
        if wait > 0:
            raise RateLimited(wait, task.cluster_id)

    def _exchange(self, task: _Task, deadline: float) -> _Answer:
        """Do one HTTP exchange; return its answer if that says that all went well."""
        began = self._monotonic()
        outcome = self._send(task, max(deadline - began, 0.0))
        status = outcome.status if isinstance(outcome, _Answer) else None
        if self._on_call:
            seconds = self._monotonic() - began
            self._on_call(Call(task.operation, task.cluster_id, status, seconds))
        if not isinstance(outcome, _Answer):
            raise _failure(task, outcome)
        remaining = outcome.number("ratelimit-remaining")
        if remaining is not None:
            self.rate_limit_remaining = int(remaining)
        if outcome.status == 429:
            raise self._rate_limited(task, outcome.number("retry-after"))
        error = _error(task, outcome, self._redact)
        if error is not None:
            raise error
        return outcome

    def _rate_limited(self, task: _Task, seconds: float | None) -> RateLimited:
        if seconds is None:
            return RateLimited(USUAL_WAIT_SECONDS, task.cluster_id)
        wait = min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)
        self._not_before = max(self._not_before, self._monotonic() + wait)
        return RateLimited(wait, task.cluster_id)

    def _send(self, task: _Task, seconds: float) -> _Answer | BaseException:
        """Return the answer, or what came instead of it, within that many seconds.

        The transport's time-outs count anew for each packet and for each address of the host, and
        not at all for its name. So a thread of its own does the talking, and is left behind when
        the time is up.
        """
        outcome: Future[_Answer] = Future()

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

    def _talk(self, task: _Task) -> _Answer:
        """Call pydo with a client of one's own: azure-core's transport is not thread-safe."""
        try:
            client = self._idle_clients.pop()
        except IndexError:
            client = self._client()
        heard: list[Any] = []
        try:
            method = getattr(client.databases, task.method)
            method(**task.arguments, raw_response_hook=heard.append)
        except Exception:
            if not heard:  # otherwise this is only pydo's opinion of the answer
                raise
        finally:
            self._idle_clients.append(client)
        return _answer(heard[-1].http_response)


class _RulesBody(BaseModel):
    rules: list[Rule]


class _ClusterBody(BaseModel):
    database: Cluster


class _ClustersBody(BaseModel):
    databases: list[Cluster]
    links: dict[str, Any] = {}


Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True)
class _Task:
    """One of pydo's methods and its arguments, under the name it has here."""

    operation: str
    cluster_id: str | None
    method: str
    arguments: Mapping[str, Any]
    is_write: bool = False

    def no_use(self, reason: str) -> ApiError:
        """What a call without a usable answer comes to."""
        if self.is_write:
            said = f"It is not known whether DigitalOcean took the new rules: {reason}"
            return OutcomeUnknown(said, self.cluster_id)
        return Unavailable(f"DigitalOcean is unavailable: {reason}", self.cluster_id)


@dataclass(frozen=True)
class _Answer:
    """An HTTP answer; `body` is the JSON in it, None where there is none."""

    status: int
    headers: Mapping[str, str]
    body: Any

    def number(self, header: str) -> float | None:
        """The number in that header, None without one."""
        try:
            number = float(self.headers.get(header, ""))
        except ValueError:
            return None
        return number if math.isfinite(number) else None


class _Body(BytesIO):
    """A request's body that is not sent any more once `sendable` says no.

    A write that was given up while it still waited for a name server must not replace the rules
    later on, with a list that is no longer true.
    """

    def __init__(self, content: bytes, sendable: Callable[[], bool]) -> None:
        super().__init__(content)
        self._sendable = sendable

    def read(self, size: int | None = -1, /) -> bytes:
        if not self._sendable():
            raise TimeoutError("given up before it was sent")
        return super().read(size)


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


def _answer(response: Any) -> _Answer:
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    return _Answer(response.status_code, response.headers, body)


def _error(task: _Task, answer: _Answer, redact: Callable[[str], str]) -> ApiError | None:
    body = answer.body if isinstance(answer.body, dict) else {}
    words = redact(str(body.get("message") or "no reason given"))[:LONGEST_WORDS]
    match answer.status:
        case 200 | 204:
            return None
        case 401 | 403 as status:
            said = f"DigitalOcean does not accept the token for this ({status}): {words}"
            return NotAuthorised(said, task.cluster_id)
        case 404 if task.cluster_id and body:  # some proxy's page would prove nothing
            said = f"DigitalOcean has no database cluster {task.cluster_id}"
            return ClusterNotFound(said, task.cluster_id)
        case 400 | 409 | 412 | 413 | 422:
            return Rejected(words, task.cluster_id)
        case status:
            return task.no_use(f"it answered {status}: {words}")


def _failure(task: _Task, error: BaseException) -> ApiError:
    # Not by azure-core's ServiceRequestError: it stands for some answers that broke off, too.
    if isinstance(getattr(error, "inner_exception", None), ConnectTimeoutError):
        return Unavailable("DigitalOcean cannot be reached: no connection", task.cluster_id)
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return task.no_use("no answer in time")
    return task.no_use(f"the connection broke ({type(error).__name__})")


def _is_worth_repeating(error: BaseException) -> bool:
    if isinstance(error, RateLimited):
        return error.retry_after <= SHORT_WAIT_SECONDS
    return isinstance(error, Unavailable)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, RateLimited):
        return error.retry_after
    return wait_random_exponential(multiplier=0.25, max=2.0)(state)  # full jitter


def _as_json(rule: Rule) -> dict[str, str]:
    fields = {"uuid": rule.uuid, "type": rule.type, "value": rule.value}
    fields["description"] = rule.description
    return {name: value for name, value in fields.items() if value is not None}


def _in_utc(rule: Rule) -> Rule:
    at = rule.created_at
    if at is None:
        return rule
    return replace(rule, created_at=at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC))
