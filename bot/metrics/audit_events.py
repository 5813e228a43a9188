"""Counters of what has happened, read from the audit: each process reports what all of them did."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from sqlmodel import Session

from bot.domain.audit_actions import Action
from bot.store import audit_tail
from bot.store.audit_tail import AuditTail, Mark

_REQUESTS = {
    Action.REQUESTED: "access",
    Action.BROKE_GLASS: "emergency",
    Action.ADOPTION_REQUESTED: "adoption",
    Action.PUT_BACK: "put_back",
}
_DECISIONS = {
    Action.APPROVED: "approve",
    Action.DENIED: "deny",
    Action.CANCELLED: "cancel",
    Action.LAPSED: "lapse",
}
_LATE_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, float("inf"))


@dataclass(frozen=True)
class _Tally:
    """What was counted up to a mark; replaced as a whole, so that no thread sees half of it."""

    mark: Mark
    rows: int
    is_intact: bool = True
    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    sessions: Counter[tuple[str, str]] = field(default_factory=Counter)
    late: tuple[int, ...] = (0,) * len(_LATE_SECONDS)
    late_sum: float = 0.0

    def with_more(self, mark: Mark, more: AuditTail, *, is_intact: bool) -> "_Tally":
        late = list(self.late)
        seconds = [max(lateness / timedelta(seconds=1), 0.0) for lateness in more.lateness]
        for one in seconds:
            late[bisect_left(_LATE_SECONDS, one)] += 1
        return _Tally(
            mark=mark,
            rows=self.rows + more.actions.total(),
            is_intact=is_intact,
            actions=self.actions + more.actions,
            sessions=self.sessions + more.sessions,
            late=tuple(late),
            late_sum=self.late_sum + sum(seconds),
        )


class History:
    """Follows the audit from the first call of `follow` on."""

    def __init__(self) -> None:
        self._tally: _Tally | None = None

    def follow(self, session: Session) -> None:
        """Count what was written since the last time."""
        before = self._tally
        newest = audit_tail.newest(session)
        if before is None:
            self._tally = _Tally(newest, audit_tail.length(session))
            return
        is_intact = audit_tail.stands(session, before.mark)
        more = audit_tail.between(session, before.mark, newest)
        tally = before.with_more(newest, more, is_intact=is_intact and before.is_intact)
        if self._tally is before:  # otherwise another thread has counted these rows already
            self._tally = tally

    def metrics(self, clusters: Iterable[str]) -> Iterator[Metric]:
        """Yield the counters; what has not happened on one of *clusters* yet is 0."""
        tally = self._tally
        if tally is None:
            return
        known = sorted(clusters)
        yield self._counter(
            tally, known, _REQUESTS, "dbaccess_requests", "Requests made, by kind", "kind"
        )
        yield self._counter(
            tally, known, _DECISIONS, "dbaccess_decisions", "How requests were decided", "verdict"
        )
        yield from self._connections(tally, known)
        actions = CounterMetricFamily(
            "dbaccess_audit_actions", "All that the audit records, by its action", labels=["action"]
        )
        for action in Action:
            count = sum(n for (name, _), n in tally.actions.items() if name == action)
            actions.add_metric([action], count)
        yield actions
        yield self._lateness(tally)
        yield GaugeMetricFamily(
            "dbaccess_audit_rows", "Rows of the audit; their number only grows", value=tally.rows
        )
        yield GaugeMetricFamily(
            "dbaccess_audit_intact",
            "0 once a row that this process has seen was changed or lost: find out by whom",
            value=float(tally.is_intact),
        )

    @staticmethod
    def _connections(tally: _Tally, known: list[str]) -> Iterator[Metric]:
        ended = CounterMetricFamily(
            "dbaccess_session_ends",
            "Sessions that were open when access ended: closed, or refused to us as a superuser's",
            labels=["cluster", "outcome"],
        )
        unused = CounterMetricFamily(
            "dbaccess_grants_unused",
            "Grants that ended without a connection seen, where somebody looks",
            labels=["cluster"],
        )
        for cluster in known:
            for outcome in ("closed", "refused"):
                ended.add_metric([cluster, outcome], tally.sessions[cluster, outcome])
            unused.add_metric([cluster], tally.actions[Action.UNUSED, cluster])
        yield from (ended, unused)

    @staticmethod
    def _counter(
        tally: _Tally, known: list[str], of: dict[Action, str], name: str, what: str, label: str
    ) -> Metric:
        told = CounterMetricFamily(name, what, labels=["cluster", label])
        for cluster in known:
            for action, word in of.items():
                told.add_metric([cluster, word], tally.actions[action, cluster])
        return told

    @staticmethod
    def _lateness(tally: _Tally) -> Metric:
        buckets, so_far = [], 0
        for bound, count in zip(_LATE_SECONDS, tally.late, strict=True):
            so_far += count
            buckets.append(("+Inf" if bound == float("inf") else str(bound), so_far))
        told = HistogramMetricFamily(
            "dbaccess_grant_end_lateness_seconds",
            "How long after its time a grant that ran out was seen to have no rule any more",
        )
        told.add_metric([], buckets, tally.late_sum)
        return told
