"""The client: reads that are repeated, writes that are not, and a rate limit that is minded."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.stop import stop_before_delay
from tenacity.wait import wait_random_exponential

from bot.digitalocean.answers import (
    LISTINGS,
    CertificateBody,
    ClusterBody,
    ClustersPage,
    ConnectionBody,
    Page,
    RulesBody,
)
from bot.digitalocean.errors import (
    BudgetSpent,
    Call,
    Cluster,
    Named,
    OutcomeUnknown,
    Purpose,
    RateLimited,
    Unavailable,
)
from bot.digitalocean.wire import Answer, Task, UnsentBody, Wire, error_of, failure_of
from bot.domain.connecting import Connection
from bot.domain.rules import Rule
from bot.domain.sources import SourceType

SHORT_WAIT_SECONDS = 5.0  # a read sits out a 429 of up to this long
USUAL_WAIT_SECONDS = 60.0  # the burst limit counts by the minute
LONGEST_WAIT_SECONDS = 3600.0  # the other limit counts by the hour; no header silences us longer
PER_PAGE = 200
MOST_PAGES = 50
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


Body = TypeVar("Body", bound=BaseModel)
OnePage = TypeVar("OnePage", bound=Page)


class DigitalOcean:
    """The API, for any number of threads at once; its methods raise the errors above.

    Args:
        token: needs the scopes `database:read` and `database:update`, and for `named`
            `droplet:read`, `kubernetes:read`, `tag:read` or `app:read`. It does not need
            `database:view_credentials`; without it, a connection has no user's name.
        endpoint: https, or http on loopback; anything else raises ValueError.
        timeout_seconds: the longest silence; a method returns within 1.5 times as long, its
            repetitions included (`clusters` and `named`: for each page).
        attempts: how often a read is tried; a write is never repeated.
        sleep: waits that many seconds between attempts.
        monotonic: seconds that only grow.
        before_call: asked before each HTTP exchange, in the caller's thread; it raises
            `BudgetSpent` where the exchange must not be made.
        on_call: told of each HTTP exchange, in the caller's thread.

    What a call is for is said by `purpose`; whoever does not say it is served last.
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
        before_call: Callable[[Purpose], None] = lambda _purpose: None,
        on_call: Callable[[Call], None] | None = None,
    ) -> None:
        address = urlsplit(endpoint)
        if address.scheme != "https" and address.hostname not in LOOPBACK:
            raise ValueError("DigitalOcean's endpoint must be https, for the token travels there")
        self.rate_limit_remaining: int | None = None
        self.date: str | None = None  # the last answer's HTTP header: what the API's clock says
        self._limit_seconds = 1.5 * timeout_seconds
        self._attempts = attempts
        self._sleep = sleep
        self._monotonic = monotonic
        self._before_call = before_call
        self._on_call = on_call
        self._not_before = -math.inf
        self._redact: Callable[[str], str] = lambda text: text.replace(token, "[token]")
        self._wire = Wire(token, endpoint, timeout_seconds)

    def read_rules(self, cluster_id: str, *, purpose: Purpose = Purpose.PAGES) -> list[Rule]:
        """Return every rule of the cluster as the API holds it, in its order."""
        task = _of_cluster("read_rules", cluster_id, "list_firewall_rules")
        task = replace(task, purpose=purpose)
        return [rule.rule() for rule in self._read(task, RulesBody).rules]

    def write_rules(
        self,
        cluster_id: str,
        rules: Sequence[Rule],
        *,
        purpose: Purpose = Purpose.PAGES,
        sendable: Callable[[], bool] = lambda: True,
    ) -> None:
        """Replace the cluster's whole list of rules, in one attempt.

        `sendable` is asked when the rules are about to leave: where it says no, they do not, and
        that is no `OutcomeUnknown`: nothing was changed.

        Raises ValueError for an empty list, which would open the cluster to the world (P2).
        """
        if not rules:
            raise ValueError("an empty list of rules would open the cluster to everybody")
        deadline = self._monotonic() + self._limit_seconds
        content = json.dumps({"rules": [_as_json(rule) for rule in rules]}).encode()
        body = UnsentBody(content, lambda: self._monotonic() < deadline and sendable())
        task = _of_cluster("write_rules", cluster_id, "update_firewall_rules", body=body)
        task = replace(task, is_write=True, purpose=purpose)
        self._mind_the_limit(task)
        try:
            self._exchange(task, deadline)
        except OutcomeUnknown as error:
            if body.give_up():
                said = "DigitalOcean is unavailable: the new rules could not be sent in time"
                raise Unavailable(said, cluster_id) from error
            raise

    def clusters(self) -> list[Cluster]:
        """Return every cluster that the token can see."""
        pages = self._pages(
            "clusters", "databases.list_clusters", ClustersPage, lambda page: {"params": page}
        )
        return [cluster for page in pages for cluster in page.things]

    def cluster(self, cluster_id: str, *, purpose: Purpose = Purpose.PAGES) -> Cluster:
        """Return one cluster."""
        task = replace(_of_cluster("cluster", cluster_id, "get_cluster"), purpose=purpose)
        return self._read(task, ClusterBody).database

    def connection(self, cluster_id: str) -> Connection:
        """Return how the cluster is reached; Unavailable while it has no address yet."""
        task = _of_cluster("connection", cluster_id, "get_cluster")
        connection = self._read(task, ConnectionBody).connection()
        if connection is None:
            said = "DigitalOcean has given this cluster no address yet, try again in some minutes"
            raise Unavailable(said, cluster_id)
        return connection

    def certificate(self, cluster_id: str) -> str:
        """Return the CA certificate of the cluster as PEM text, with a line break at its end."""
        return self._read(
            _of_cluster("certificate", cluster_id, "get_ca"), CertificateBody
        ).ca.certificate

    def named(self, kind: SourceType) -> list[Named]:
        """Return all things of a kind by name: the first 10,000 of them, in the API's order.

        Raises ValueError for `ip_addr`: addresses are in no list.
        """
        if kind not in LISTINGS:
            raise ValueError(f"DigitalOcean keeps no list of {kind}")
        listing = LISTINGS[kind]
        pages = self._pages(f"named_{kind}", listing.method, listing.page, lambda page: page)
        things = (thing.named() for page in pages for thing in page.things)
        return list(dict.fromkeys(things))  # a list that grew meanwhile repeats some

    def close(self) -> None:
        """Close the connections, once no call is under way."""
        self._wire.close()

    def _pages(
        self,
        operation: str,
        method: str,
        shape: type[OnePage],
        arguments: Callable[[dict[str, int]], Mapping[str, Any]],
    ) -> list[OnePage]:
        pages: list[OnePage] = []
        for number in range(1, MOST_PAGES + 1):
            which = arguments({"page": number, "per_page": PER_PAGE})
            pages.append(self._read(Task(operation, None, method, which), shape))
            if pages[-1].is_last:
                break
        return pages

    def _read(self, task: Task, shape: type[Body]) -> Body:
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

    def _mind_the_limit(self, task: Task) -> None:
        """Make no call before the time that the last 429 named: the limit is the token's."""
        wait = self._not_before - self._monotonic()
        if wait > 0:
            raise RateLimited(wait, task.cluster_id)

    def _exchange(self, task: Task, deadline: float) -> Answer:
        """Do one HTTP exchange; return its answer if that says that all went well."""
        self._before_call(task.purpose)
        began = self._monotonic()
        outcome = self._wire.send(task, max(deadline - began, 0.0))
        if self._on_call:
            self._on_call(_told(task, outcome, self._monotonic() - began))
        if not isinstance(outcome, Answer):
            raise failure_of(task, outcome)
        self.date = outcome.headers.get("date")
        remaining = outcome.number("ratelimit-remaining")
        if remaining is not None:
            self.rate_limit_remaining = int(remaining)
        if outcome.status == 429:
            raise self._rate_limited(task, outcome.number("retry-after"))
        error = error_of(task, outcome, self._redact)
        if error is not None:
            raise error
        return outcome

    def _rate_limited(self, task: Task, seconds: float | None) -> RateLimited:
        if seconds is None:
            return RateLimited(USUAL_WAIT_SECONDS, task.cluster_id)
        wait = min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)
        self._not_before = max(self._not_before, self._monotonic() + wait)
        return RateLimited(wait, task.cluster_id)


def _told(task: Task, outcome: Answer | BaseException, seconds: float) -> Call:
    if not isinstance(outcome, Answer):
        return Call(task.operation, task.cluster_id, None, seconds)
    limit, remaining = outcome.number("ratelimit-limit"), outcome.number("ratelimit-remaining")
    return Call(
        task.operation,
        task.cluster_id,
        outcome.status,
        seconds,
        limit=None if limit is None else int(limit),
        limit_remaining=None if remaining is None else int(remaining),
        limit_resets_at=outcome.number("ratelimit-reset"),
        retry_after=outcome.number("retry-after"),
    )


def _of_cluster(operation: str, cluster_id: str, method: str, **more: Any) -> Task:
    where = {"database_cluster_uuid": cluster_id, **more}
    return Task(operation, cluster_id, f"databases.{method}", where)


def _is_worth_repeating(error: BaseException) -> bool:
    if isinstance(error, BudgetSpent):
        return False
    if isinstance(error, RateLimited):
        return error.retry_after <= SHORT_WAIT_SECONDS
    return isinstance(error, Unavailable)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, RateLimited):
        return error.retry_after
    return wait_random_exponential(multiplier=0.25, max=2.0)(state)  # full jitter


def _as_json(rule: Rule) -> dict[str, Any]:
    """Return a rule as it was read, but for what was changed of it since (P1)."""
    known = {
        "uuid": rule.uuid,
        "type": rule.type,
        "value": rule.value,
        "description": rule.description,
    }
    changed = {name: value for name, value in known.items() if rule.as_read.get(name) != value}
    sent = {**rule.as_read, **changed}
    return {name: value for name, value in sent.items() if name not in changed or value is not None}
