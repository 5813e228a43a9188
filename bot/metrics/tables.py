"""The metrics that are read from the tables, so that any process can tell them."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.deadlines import BoundedCall, NoAnswer
from bot.domain.lifecycle import GrantState
from bot.metrics.audit_events import History
from bot.store.counts import Snapshot, snapshot
from bot.store.database import Database
from bot.store.stream import Cursor, Lag
from bot.store.waiting import Waiting

_OPEN_STATES = [state for state in GrantState if state is not GrantState.ENDED]
_NOBODY_WAITS = Waiting()
_SECONDS = 5.0  # Prometheus waits for ten


class TableCollector(Collector):
    """Counts rows at the moment of the question; a database that is away is told of, not raised."""

    def __init__(self, database: Database, clock: Clock, has_stream: Callable[[], bool]) -> None:
        self._database = database
        self._clock = clock
        self._has_stream = has_stream
        self._history = History()
        self._call = BoundedCall(self._read, name="metrics", seconds=_SECONDS)

    def begin(self) -> None:
        """Count what happens from here on."""
        with self._database.reading() as session:
            self._history.follow(session)

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: the registry need not ask the database to know the names."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield one metric after the other."""
        try:
            found = self._call.result()
        except (SQLAlchemyError, NoAnswer):
            found = None
        yield GaugeMetricFamily(
            "dbaccess_database_up",
            "1 where the database answers; at 0, what is read from the tables is missing here",
            value=0 if found is None else 1,
        )
        if found is not None:
            yield from _Telling(found, self._clock).metrics()
            if self._has_stream():
                yield from stream_metrics(found.stream, found.stream_lag, self._clock.now())
            yield from self._history.metrics(found.clusters)

    def _read(self) -> Snapshot:
        with self._database.reading() as session:
            found = snapshot(session, self._clock.now())
            self._history.follow(session)
        return found


def stream_metrics(cursor: Cursor, lag: Lag, now: datetime) -> Iterator[Metric]:
    """Yield how far the receiver of the audit is behind, and for how long it has failed."""
    yield GaugeMetricFamily(
        "dbaccess_stream_lag_rows",
        "Rows of the audit that are not delivered to their receiver yet",
        value=lag.rows,
    )
    yield GaugeMetricFamily(
        "dbaccess_stream_lag_seconds",
        "How long ago the oldest of them was written; 0 where there is none",
        value=Waiting(1, lag.oldest_at).seconds(now),
    )
    yield GaugeMetricFamily(
        "dbaccess_stream_failing_seconds",
        "For how long nothing could be delivered; 0 where the last try succeeded",
        value=Waiting(1, cursor.failing_since).seconds(now),
    )


class _Telling:
    def __init__(self, found: Snapshot, clock: Clock) -> None:
        self._found = found
        self._clusters = sorted(found.clusters)
        self._now = clock.now()

    def metrics(self) -> Iterator[Metric]:
        yield from self._grants()
        yield from self._of_people()
        yield from self._of_clusters()
        yield from self._of_work()
        yield from self._of_periodic_jobs()

    def _grants(self) -> Iterator[Metric]:
        told = GaugeMetricFamily(
            "dbaccess_grants",
            "Grants that have not ended, by the state they are in",
            labels=["cluster", "state"],
        )
        for cluster in self._clusters:
            for state in _OPEN_STATES:
                count = self._found.grants.get((cluster, state), 0)
                told.add_metric([cluster, state], count)
        yield told
        yield from self._waiting(
            "dbaccess_grants_overdue",
            "Grants that are over and whose rule may still stand; look at dbaccess_cluster_failing",
            "dbaccess_grants_overdue_seconds",
            "For how long the longest of them has been over",
            self._found.overdue,
        )
        yield from self._waiting(
            "dbaccess_session_ends_failing",
            "Ends of access whose open sessions could not be closed so far; `dbaccess check`",
            "dbaccess_session_ends_failing_seconds",
            "For how long the oldest of them has been tried",
            self._found.session_ends,
        )

    def _of_people(self) -> Iterator[Metric]:
        yield from self._waiting(
            "dbaccess_requests_pending",
            "Requests that nobody has decided yet",
            "dbaccess_requests_pending_age_seconds",
            "For how long the oldest of them has been waiting for approvers",
            self._found.pending,
        )
        yield from self._waiting(
            "dbaccess_emergencies_unreviewed",
            "Emergency accesses that an approver still has to review",
            "dbaccess_emergencies_unreviewed_age_seconds",
            "How long ago the oldest of them was opened",
            self._found.unreviewed,
        )

    def _of_clusters(self) -> Iterator[Metric]:
        failing = self._by_cluster(
            "dbaccess_cluster_failing_seconds",
            "For how long no reconcile has succeeded; 0 where the last one did",
        )
        read = self._by_cluster(
            "dbaccess_cluster_read_age_seconds", "How long ago the rules were last read and right"
        )
        rules = self._by_cluster(
            "dbaccess_cluster_rules", "Rules at the last look; DigitalOcean takes 100 at most"
        )
        guarded = self._by_cluster(
            "dbaccess_cluster_guarded",
            "1 where only the guard rule keeps the cluster closed; add the rules it should have",
        )
        is_open = self._by_cluster(
            "dbaccess_cluster_open",
            "1 where the cluster has no rules and accepts connections from everywhere; add some",
        )
        for watch in self._found.watched:
            is_open.add_metric([watch.alias], float(watch.open_since is not None))
            failing.add_metric([watch.alias], Waiting(1, watch.failing_since).seconds(self._now))
            guarded.add_metric([watch.alias], float(watch.guarded))
            if watch.read_at is not None:
                read.add_metric([watch.alias], Waiting(1, watch.read_at).seconds(self._now))
            if watch.rule_count is not None:
                rules.add_metric([watch.alias], watch.rule_count)
        yield GaugeMetricFamily(
            "dbaccess_clusters_failing",
            "Clusters whose last reconcile failed; `dbaccess check` says what is wrong",
            value=sum(watch.failing_since is not None for watch in self._found.watched),
        )
        yield from (failing, read, rules, guarded, is_open)

    def _of_work(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily(
            "dbaccess_jobs_waiting", "Jobs that are not finished, by their kind", labels=["kind"]
        )
        age = GaugeMetricFamily(
            "dbaccess_jobs_age_seconds",
            "How long ago the oldest of them was added; `dbaccess jobs` says why it waits",
            labels=["kind"],
        )
        for kind, some in self._found.jobs.items():
            waiting.add_metric([kind], some.count)
            age.add_metric([kind], some.seconds(self._now))
        yield from (waiting, age)
        held = GaugeMetricFamily(
            "dbaccess_slack_refused_seconds",
            "For how long Slack has refused this whole installation, by its code. Nothing is lost,"
            " and everything continues once it is fixed",
            labels=["code"],
        )
        for code, some in self._found.held.items():
            held.add_metric([code], some.seconds(self._now))
        yield held
        beat_at = self._found.beat_at
        yield GaugeMetricFamily(
            "dbaccess_worker_heartbeat_age_seconds",
            "How long ago any worker ran; +Inf: none ever did. Start `dbaccess worker`",
            value=Waiting(1, beat_at).seconds(self._now) if beat_at else float("inf"),
        )

        yield GaugeMetricFamily(
            "dbaccess_workers",
            "How many workers ran within the last minute",
            value=self._found.workers,
        )

    def _of_periodic_jobs(self) -> Iterator[Metric]:
        ran_at = GaugeMetricFamily(
            "dbaccess_periodic_job_last_run_timestamp_seconds",
            "When any worker last ran a periodic job, well or not, or first started if none ever"
            " did; in seconds since 1970",
            labels=["job"],
        )
        failing = GaugeMetricFamily(
            "dbaccess_periodic_job_failing_seconds",
            "For how long each run of a periodic job has failed; 0 where the last one did not",
            labels=["job"],
        )
        for run in self._found.runs:
            ran_at.add_metric([run.name], run.ran_at.timestamp())
            failing.add_metric([run.name], Waiting(1, run.failing_since).seconds(self._now))
        yield from (ran_at, failing)

    def _waiting(
        self, count: str, what: str, age: str, how_long: str, found: Mapping[str, Waiting]
    ) -> Iterator[Metric]:
        told: list[tuple[str, str, Callable[[Waiting], float]]] = [
            (count, what, lambda waiting: waiting.count),
            (age, how_long, lambda waiting: waiting.seconds(self._now)),
        ]
        for name, words, value_of in told:
            family = self._by_cluster(name, words)
            for cluster in self._clusters:
                family.add_metric([cluster], value_of(found.get(cluster, _NOBODY_WAITS)))
            yield family

    @staticmethod
    def _by_cluster(name: str, what: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(name, what, labels=["cluster"])
