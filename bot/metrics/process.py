"""The registry of one process: what it called and did itself, besides what the tables tell."""

import re
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.process_collector import ProcessCollector

from bot import __version__
from bot.clock import Clock
from bot.live_policy import Reload
from bot.metrics.tables import TableCollector
from bot.providers.base import ApiCall
from bot.store.database import Database

DELIVERIES = ("delivered", "not_taken", "unreachable")

_TOO_MANY = "429"
_CODE = re.compile(r"[a-z0-9_ ]{1,40}")
_RECONCILE_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The registry of one process. Its `note_…` are called from any thread.

    `has_stream` tells whether the policy has a stream.
    """

    def __init__(
        self, database: Database, clock: Clock, has_stream: Callable[[], bool] = lambda: True
    ) -> None:
        self.registry = CollectorRegistry()
        self._tables = TableCollector(database, clock, has_stream)
        self.registry.register(self._tables)
        ProcessCollector(registry=self.registry)
        Info("dbaccess_build", "The version that runs", registry=self.registry).info(
            {"version": __version__}
        )
        self._make_digitalocean()
        self._make_slack()
        self._reconciles = Counter(
            "dbaccess_reconciles",
            "Reconciles, by outcome: done, busy (another worker is at it), or what went wrong",
            ["outcome"],
            registry=self.registry,
        )
        self._reconcile_seconds = Histogram(
            "dbaccess_reconcile_seconds",
            "How long a reconcile takes: lock, read, write, read back, record",
            ["outcome"],
            buckets=_RECONCILE_SECONDS,
            registry=self.registry,
        )
        self._make_machines()
        self._job_failures = Counter(
            "dbaccess_periodic_job_failures",
            "Runs of the worker's periodic jobs that failed",
            ["job"],
            registry=self.registry,
        )
        self._stream = Counter(
            "dbaccess_stream_deliveries",
            "Rows of the audit sent to their receiver: delivered, not_taken or unreachable",
            ["outcome"],
            registry=self.registry,
        )
        for delivery in DELIVERIES:
            self._stream.labels(delivery)  # there from the start: an increase is seen
        self._connected = Gauge(
            "dbaccess_connected",
            "1 while a connection that is to stay open is: slack (Socket Mode), signals (LISTEN)",
            ["to"],
            registry=self.registry,
        )
        Gauge(
            "dbaccess_database_writable",
            "0 while this process cannot save anything in the database; `/readyz` says why",
            registry=self.registry,
        ).set_function(lambda: float(database.state.outage is None))
        self._machine_requests = Counter(
            "dbaccess_machine_requests",
            "Requests of machines to `/v1/…`, by method and the status that they were answered",
            ["method", "status"],
            registry=self.registry,
        )
        self._reloads = Counter(
            "dbaccess_policy_reloads",
            "Readings of dbaccess.toml while running",
            ["outcome"],
            registry=self.registry,
        )
        for outcome in Reload:
            self._reloads.labels(outcome)  # there from the start, so that an increase is seen

    def begin(self) -> None:
        """Count what happens from here on; the schema is current."""
        self._tables.begin()

    def note_reload(self, outcome: Reload) -> None:
        """Count one reading of dbaccess.toml in a running process."""
        self._reloads.labels(outcome).inc()

    def note_call(self, call: ApiCall) -> None:
        """Count one call of the DigitalOcean API, and remember what it says of the rate limit."""
        status = str(call.status) if call.status is not None else "none"
        self._calls.labels(call.operation, status).inc()
        self._seconds.labels(call.operation).observe(call.seconds)
        if status == _TOO_MANY:
            self._rate_limited.labels("digitalocean").inc()
        if call.limit_remaining is not None:
            self._limit_left.labels("digitalocean").set(call.limit_remaining)
        if call.limit_resets_at is not None:
            self._limit_reset.labels("digitalocean").set(call.limit_resets_at)

    def note_slack(self, method: str, outcome: str, seconds: float) -> None:
        """Count one call of Slack's API; *outcome*: `ok`, Slack's word of refusal, or `none`."""
        known = outcome if _CODE.fullmatch(outcome) else "other"
        self._slack_calls.labels(method, known).inc()
        self._slack_seconds.labels(method).observe(seconds)
        if known in {"ratelimited", "rate_limited", f"status {_TOO_MANY}"}:
            self._rate_limited.labels("slack").inc()

    def note_slack_request(self, outcome: str) -> None:
        """Count one request to Slack's endpoint by what its signature was found to be."""
        self._slack_requests.labels(outcome).inc()

    def note_token(self, outcome: str) -> None:
        """Count one token of a machine by what it was found to be."""
        self._tokens.labels(outcome).inc()

    def note_issuer_read(self, issuer: str, succeeded: bool) -> None:
        """Count one read of an issuer's keys."""
        self._issuer_reads.labels(issuer, "done" if succeeded else "failed").inc()

    def note_machine_request(self, method: str, status: int) -> None:
        """Count one request of a machine."""
        self._machine_requests.labels(method, str(status)).inc()

    def note_reconcile(self, outcome: str, seconds: float) -> None:
        """Count one reconcile."""
        self._reconciles.labels(outcome).inc()
        self._reconcile_seconds.labels(outcome).observe(seconds)

    def note_periodic_job(self, name: str, succeeded: bool) -> None:
        """Count one run of a periodic job, if it failed."""
        self._job_failures.labels(name).inc(0 if succeeded else 1)  # 0: there from the first run on

    def note_stream(self, outcome: str) -> None:
        """Count one row of the audit that was sent; *outcome*: one of `DELIVERIES`."""
        self._stream.labels(outcome).inc()

    def note_connection(self, to: str, is_open: bool) -> None:
        """Remember whether a connection that is to stay open is: to `slack` or for `signals`."""
        self._connected.labels(to).set(is_open)

    def _make_digitalocean(self) -> None:
        self._calls = Counter(
            "dbaccess_digitalocean_calls",
            "Calls of the DigitalOcean API, by HTTP status; none: no whole answer came",
            ["operation", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "dbaccess_digitalocean_call_seconds",
            "How long the DigitalOcean API takes",
            ["operation"],
            registry=self.registry,
        )
        self._limit_left = Gauge(
            "dbaccess_ratelimit_remaining",
            "Calls that the API allows before its limit resets; known after the first call",
            ["api"],
            registry=self.registry,
        )
        self._limit_reset = Gauge(
            "dbaccess_ratelimit_reset_timestamp_seconds",
            "When the limit resets, in seconds since 1970",
            ["api"],
            registry=self.registry,
        )

    def _make_machines(self) -> None:
        self._tokens = Counter(
            "dbaccess_machine_tokens",
            "Tokens of machines: verified, refused, or unavailable (their issuer is)",
            ["outcome"],
            registry=self.registry,
        )
        for outcome in ("verified", "refused", "unavailable"):
            self._tokens.labels(outcome)  # there from the start: an increase is seen
        self._issuer_reads = Counter(
            "dbaccess_issuer_reads",
            "Reads of the keys by which an issuer signs machines' tokens: done or failed",
            ["issuer", "outcome"],
            registry=self.registry,
        )

    def _make_slack(self) -> None:
        self._slack_calls = Counter(
            "dbaccess_slack_calls",
            "Calls of Slack's API: ok, Slack's word for what it did not take, or none: no answer",
            ["method", "outcome"],
            registry=self.registry,
        )
        self._slack_seconds = Histogram(
            "dbaccess_slack_call_seconds",
            "How long Slack's API takes",
            ["method"],
            registry=self.registry,
        )
        self._slack_requests = Counter(
            "dbaccess_slack_requests",
            "Requests to Slack's endpoint: verified, or why they were refused",
            ["outcome"],
            registry=self.registry,
        )
        for outcome in ("verified", "missing_headers", "bad_signature", "stale_timestamp"):
            self._slack_requests.labels(outcome)  # there from the start: an increase is seen
        self._rate_limited = Counter(
            "dbaccess_rate_limited",
            "Calls that an API refused because there were too many (429)",
            ["api"],
            registry=self.registry,
        )
        for api in ("digitalocean", "slack"):
            self._rate_limited.labels(api)
