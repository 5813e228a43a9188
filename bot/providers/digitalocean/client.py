"""The client: it retries reads, never a write, and honours the rate limit."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.stop import stop_before_delay
from tenacity.wait import wait_random_exponential

from bot.domain.connecting import Connection
from bot.domain.rules import Rule
from bot.domain.sources import SourceType
from bot.domain.web_addresses import LOOPBACK_HOSTS
from bot.providers.base import (
    ApiCall,
    ApiError,
    BudgetSpent,
    ClusterStatus,
    ListedCluster,
    NamedSource,
    OutcomeUnknown,
    Provider,
    Purpose,
    RateLimited,
    Unavailable,
)
from bot.providers.digitalocean import remedies
from bot.providers.digitalocean.schemas import (
    LISTINGS,
    CertificateBody,
    ClusterBody,
    ClustersPage,
    ConnectionBody,
    RulesBody,
)
from bot.providers.digitalocean.transport import (
    OFFICIAL,
    CancellableBody,
    PydoCall,
    Response,
    Transport,
    error_of,
    load_pydo,
)

SHORT_WAIT_SECONDS = 5.0  # a read sits out a 429 of up to this long
USUAL_WAIT_SECONDS = 60.0  # the burst limit counts by the minute
LONGEST_WAIT_SECONDS = 3600.0  # the other limit counts by the hour; no header silences us longer
PER_PAGE = 200
MOST_PAGES = 50


Body = TypeVar("Body", bound=BaseModel)


class DigitalOcean(Provider):
    """DigitalOcean's API, as the port wants it.

    Args:
        token: needs the scopes `remedies.SCOPES`, and those of `LISTINGS` for `list_sources`. It
            does not need `database:view_credentials`; without it, a connection has no user's name.
        endpoint: https, or http on loopback; anything else raises ValueError.
        timeout_seconds: the longest silence; a method returns within 1.5 times as long, its
            retries included (`list_sources`: for each page). The first call loads pydo before.
        attempts: how often a read is tried; a write is never retried.
        sleep: waits that many seconds between attempts.
        monotonic: seconds that only grow.
        before_call: asked before each HTTP exchange, in the caller's thread; it raises
            `BudgetSpent` where the exchange must not be made.
        on_call: told of each HTTP exchange, in the caller's thread.
    """

    def __init__(
        self,
        token: str,
        *,
        endpoint: str = OFFICIAL,
        timeout_seconds: float = 10.0,
        attempts: int = 3,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        before_call: Callable[[Purpose], None] = lambda _purpose: None,
        on_call: Callable[[ApiCall], None] | None = None,
    ) -> None:
        address = urlsplit(endpoint)
        if address.scheme != "https" and address.hostname not in LOOPBACK_HOSTS:
            raise ValueError("DigitalOcean's endpoint must be https, for the token travels there")
        self._date: str | None = None
        self._limit_seconds = 1.5 * timeout_seconds
        self._attempts = attempts
        self._sleep = sleep
        self._monotonic = monotonic
        self._before_call = before_call
        self._on_call = on_call
        self._not_before = -math.inf
        self._redact: Callable[[str], str] = lambda text: text.replace(token, "[token]")
        self._transport = Transport(token, endpoint, timeout_seconds)

    @property
    def date(self) -> str | None:
        """The `Date` header of the last response; None before the first."""
        return self._date

    @property
    def untested(self) -> str:
        """What reading does not tell about the token."""
        return remedies.UNTESTED

    def remedy(self, error: ApiError, kind: SourceType | None = None) -> str:
        """Return what to fix after reading failed: mostly a scope of the token."""
        return remedies.remedy(error, kind)

    def read_rules(self, cluster_id: str, *, purpose: Purpose = Purpose.PAGES) -> list[Rule]:
        """Return every rule of the cluster as the API holds it, in its order."""
        call = _of_cluster("read_rules", cluster_id, "list_firewall_rules", purpose)
        return [rule.rule() for rule in self._read(call, RulesBody).rules]

    def write_rules(
        self,
        cluster_id: str,
        rules: Sequence[Rule],
        *,
        purpose: Purpose = Purpose.PAGES,
        sendable: Callable[[], bool] = lambda: True,
    ) -> None:
        """Replace all rules of the cluster, in one attempt; ValueError for an empty list (P2)."""
        if not rules:
            raise ValueError("an empty list of rules would open the cluster to everybody")
        deadline = self._deadline()
        content = json.dumps({"rules": [_as_json(rule) for rule in rules]}).encode()
        body = CancellableBody(content, lambda: self._monotonic() < deadline and sendable())
        call = _of_cluster("write_rules", cluster_id, "update_firewall_rules", purpose, body=body)
        call = replace(call, is_write=True)
        self._honour_rate_limit(call)
        try:
            self._exchange(call, deadline)
        except OutcomeUnknown as error:
            if body.cancel():
                said = "DigitalOcean: the new rules could not be sent in time"
                raise Unavailable(said, cluster_id) from error
            raise

    def cluster_status(self, cluster_id: str, *, purpose: Purpose = Purpose.PAGES) -> ClusterStatus:
        """Return how the cluster is."""
        call = _of_cluster("cluster", cluster_id, "get_cluster", purpose)
        return self._read(call, ClusterBody).status()

    def connection(self, cluster_id: str) -> Connection:
        """Return how the cluster is reached; Unavailable while it has no address yet."""
        call = _of_cluster("connection", cluster_id, "get_cluster")
        connection = self._read(call, ConnectionBody).connection()
        if connection is None:
            said = "DigitalOcean has given this cluster no address yet, try again in some minutes"
            raise Unavailable(said, cluster_id)
        return connection

    def certificate(self, cluster_id: str) -> str:
        """Return the CA certificate of the cluster as PEM text, with a line break at its end."""
        call = _of_cluster("certificate", cluster_id, "get_ca")
        return self._read(call, CertificateBody).ca.certificate

    def list_clusters(self) -> list[ListedCluster]:
        """Return the account's clusters. Only godo names pages here, the specification does not."""
        clusters: dict[str, ListedCluster] = {}
        for number in range(1, MOST_PAGES + 1):
            which = {"params": {"page": number, "per_page": PER_PAGE}}
            page = self._read(
                PydoCall("list_clusters", None, "databases.list_clusters", which), ClustersPage
            )
            clusters |= {one.id: one.listed() for one in page.databases}
            if page.is_last:
                break
        return list(clusters.values())

    def list_sources(
        self, kind: SourceType, *, purpose: Purpose = Purpose.PAGES
    ) -> list[NamedSource]:
        """Return the first 10,000 of a kind, in the API's order; ValueError for `ip_addr`."""
        if kind not in LISTINGS:
            raise ValueError(f"DigitalOcean keeps no list of {kind}")
        listing = LISTINGS[kind]
        sources: dict[NamedSource, None] = {}  # a list that grows meanwhile repeats some
        for number in range(1, MOST_PAGES + 1):
            which = {"page": number, "per_page": PER_PAGE}
            call = PydoCall(f"named_{kind}", None, listing.method, which, purpose=purpose)
            page = self._read(call, listing.page)
            sources |= dict.fromkeys(thing.named() for thing in page.things)
            if page.is_last:
                break
        return list(sources)

    def close(self) -> None:
        """Close the connections, once no call is under way."""
        self._transport.close()

    def _read(self, call: PydoCall, schema: type[Body]) -> Body:
        deadline = self._deadline()
        self._honour_rate_limit(call)

        def attempt() -> Body:
            response = self._exchange(call, deadline)
            try:
                return schema.model_validate(response.body)
            except ValidationError:
                said = f"it answered {response.status} with what makes no sense"
                nonsense = call.unanswered(said)
            raise nonsense

        return Retrying(
            stop=stop_after_attempt(self._attempts) | stop_before_delay(self._limit_seconds),
            wait=_pause,
            retry=retry_if_exception(_is_worth_retrying),
            sleep=self._sleep,
            reraise=True,
        )(attempt)

    def _deadline(self) -> float:
        """Return when a call that begins now has to end; loading pydo is no part of its time."""
        load_pydo()
        return self._monotonic() + self._limit_seconds

    def _honour_rate_limit(self, call: PydoCall) -> None:
        """Raise RateLimited until the time that the last 429 named; it counts for the token."""
        wait = self._not_before - self._monotonic()
        if wait > 0:
            raise _rate_limited(wait, call)

    def _exchange(self, call: PydoCall, deadline: float) -> Response:
        """Do one HTTP exchange; return the response if it says that all went well."""
        self._before_call(call.purpose)
        began = self._monotonic()
        outcome = self._transport.send(call, max(deadline - began, 0.0))
        if self._on_call:
            self._on_call(_api_call(call, outcome, self._monotonic() - began))
        if not isinstance(outcome, Response):
            raise self._transport.failure_of(call, outcome)
        self._date = outcome.headers.get("date")
        if outcome.status == 429:
            raise self._take_note_of_limit(call, outcome.number("retry-after"))
        error = error_of(call, outcome, self._redact)
        if error is not None:
            raise error
        return outcome

    def _take_note_of_limit(self, call: PydoCall, seconds: float | None) -> RateLimited:
        if seconds is None:
            return _rate_limited(USUAL_WAIT_SECONDS, call)
        wait = min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)
        self._not_before = max(self._not_before, self._monotonic() + wait)
        return _rate_limited(wait, call)


def _rate_limited(wait_seconds: float, call: PydoCall) -> RateLimited:
    said = f"DigitalOcean's rate limit is reached, try again in {math.ceil(wait_seconds)} s"
    return RateLimited(said, call.cluster_id, retry_after=wait_seconds)


def _api_call(call: PydoCall, outcome: Response | BaseException, seconds: float) -> ApiCall:
    if not isinstance(outcome, Response):
        return ApiCall(call.operation, call.cluster_id, None, seconds)
    limit, remaining = outcome.number("ratelimit-limit"), outcome.number("ratelimit-remaining")
    return ApiCall(
        call.operation,
        call.cluster_id,
        outcome.status,
        seconds,
        limit=None if limit is None else int(limit),
        limit_remaining=None if remaining is None else int(remaining),
        limit_resets_at=outcome.number("ratelimit-reset"),
        retry_after=outcome.number("retry-after"),
    )


def _of_cluster(
    operation: str,
    cluster_id: str,
    method: str,
    purpose: Purpose = Purpose.PAGES,
    **more: Any,
) -> PydoCall:
    arguments = {"database_cluster_uuid": cluster_id, **more}
    return PydoCall(operation, cluster_id, f"databases.{method}", arguments, purpose=purpose)


def _is_worth_retrying(error: BaseException) -> bool:
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
    """Return a rule as it was read, with what was changed of it since (P1)."""
    known = {
        "uuid": rule.uuid,
        "type": rule.type,
        "value": rule.value,
        "description": rule.description,
    }
    changed = {name: value for name, value in known.items() if rule.as_read.get(name) != value}
    sent = {**rule.as_read, **changed}
    return {name: value for name, value in sent.items() if name not in changed or value is not None}
