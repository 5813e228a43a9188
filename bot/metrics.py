"""What `GET /metrics` tells: the tables as they are when asked, and this process's API calls."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.clock import Clock
from bot.digitalocean import Call
from bot.policy_in_force import Reload
from bot.store import clusters, grants, outbox, requests
from bot.store.database import Database


class TableCollector(Collector):
    """Counts rows at the moment of the question."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        """Yield one gauge after the other."""
        now = self._clock.now()
        with self._database.reading() as session:
            open_grants = grants.listing(session, ended_too=False)
            pending = len(requests.pending(session))
            owed, oldest = outbox.owed_count(session), outbox.oldest_owed(session)
            failing = [w for w in clusters.all_of(session) if w.failing_since is not None]
        by_state = GaugeMetricFamily(
            "dbaccess_grants", "Grants that have not ended", labels=["cluster", "state"]
        )
        counts: dict[tuple[str, str], int] = {}
        for grant in open_grants:
            counts[grant.cluster, grant.state] = counts.get((grant.cluster, grant.state), 0) + 1
        for (cluster, state), count in counts.items():
            by_state.add_metric([cluster, state], count)
        yield by_state
        yield GaugeMetricFamily("dbaccess_requests_pending", "Undecided requests", value=pending)
        yield GaugeMetricFamily("dbaccess_outbox_owed", "Undelivered messages", value=owed)
        yield GaugeMetricFamily(
            "dbaccess_outbox_age_seconds",
            "Age of the oldest undelivered message",
            value=(now - oldest).total_seconds() if oldest else 0,
        )
        yield GaugeMetricFamily(
            "dbaccess_clusters_failing",
            "Clusters whose last reconcile failed",
            value=len(failing),
        )
        overdue = [g for g in open_grants if g.expires_at <= now]
        yield GaugeMetricFamily(
            "dbaccess_grants_overdue",
            "Grants past their time whose rule stands",
            value=len(overdue),
        )


class Metrics:
    """The registry of one process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(TableCollector(database, clock))
        self._calls = Counter(
            "dbaccess_digitalocean_calls",
            "Calls of the DigitalOcean API",
            ["operation", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "dbaccess_digitalocean_call_seconds",
            "How long the DigitalOcean API takes",
            ["operation"],
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

    def note_reload(self, outcome: Reload) -> None:
        """Count one reading of dbaccess.toml in a running process."""
        self._reloads.labels(outcome).inc()

    def note_call(self, call: Call) -> None:
        """Count one call of the DigitalOcean API."""
        status = str(call.status) if call.status is not None else "none"
        self._calls.labels(call.operation, status).inc()
        self._seconds.labels(call.operation).observe(call.seconds)
