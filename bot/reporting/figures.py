"""Figures: how long decisions took, how late access ended, and what became of requests.

Pure: values are added one at a time, and only numbers are kept.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from statistics import median

from bot.domain.actors import DECIDING
from bot.domain.lifecycle import Request, RequestKind, RequestState


@dataclass
class Spans:
    """Lengths of time of one kind, in seconds."""

    seconds: list[float] = field(default_factory=list)

    def add(self, span: timedelta) -> None:
        """Take one in."""
        self.seconds.append(span.total_seconds())

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.seconds)

    @property
    def median(self) -> timedelta | None:
        """The one in the middle; None without any."""
        return timedelta(seconds=median(self.seconds)) if self.seconds else None

    @property
    def p90(self) -> timedelta | None:
        """The 90th percentile (nearest rank); None without values."""
        if not self.seconds:
            return None
        rank = ceil(0.9 * len(self.seconds))
        return timedelta(seconds=sorted(self.seconds)[rank - 1])

    @property
    def longest(self) -> timedelta | None:
        """The longest; None without any."""
        return timedelta(seconds=max(self.seconds)) if self.seconds else None


@dataclass
class ClusterFigures:
    """The figures of one cluster, or of all.

    `outcomes` counts the closed requests that people had to decide on, by outcome. `overdue` has
    one duration for each grant that expired. `sessions_ended` counts the open sessions that were
    ended with access, `unused` the grants that are known to have had none.
    """

    grants: int = 0
    emergencies: int = 0
    sessions_ended: int = 0
    unused: int = 0
    to_decide: Spans = field(default_factory=Spans)
    overdue: Spans = field(default_factory=Spans)
    outcomes: dict[RequestState, int] = field(default_factory=dict)

    @property
    def closed(self) -> int:
        """How many requests were closed."""
        return sum(self.outcomes.values())

    def share(self, *states: RequestState) -> float | None:
        """Return the share of the closed requests with one of these *states*; None without any."""
        if not self.closed:
            return None
        return sum(self.outcomes.get(state, 0) for state in states) / self.closed


@dataclass
class Figures:
    """The figures of a period, by cluster and of all together."""

    total: ClusterFigures = field(default_factory=ClusterFigures)
    by_cluster: dict[str, ClusterFigures] = field(default_factory=dict)

    def lent(self, cluster: str, *, emergency: bool, overdue: timedelta | None) -> None:
        """Count a grant; *overdue* is how long after its time it ended, if it expired."""
        for figures in self._of(cluster):
            figures.grants += 1
            figures.emergencies += emergency
            if overdue is not None:
                figures.overdue.add(overdue)

    def connected(self, cluster: str, *, sessions_ended: int, unused: bool) -> None:
        """Count what is known of the connections that came by a grant."""
        for figures in self._of(cluster):
            figures.sessions_ended += sessions_ended
            figures.unused += unused

    @property
    def has_connections(self) -> bool:
        """Whether anything is known of connections."""
        return bool(self.total.sessions_ended or self.total.unused)

    def closed(self, request: Request) -> None:
        """Count a closed request, if people had to decide on it."""
        took = time_to_decide(request)
        for figures in self._of(request.cluster):
            if is_peoples(request):
                figures.outcomes[request.state] = figures.outcomes.get(request.state, 0) + 1
            if took is not None:
                figures.to_decide.add(took)

    def _of(self, cluster: str) -> tuple[ClusterFigures, ClusterFigures]:
        return self.total, self.by_cluster.setdefault(cluster, ClusterFigures())


def is_peoples(request: Request) -> bool:
    """Tell whether a request waited for people's decision."""
    said = {decision.approver for decision in request.decisions}
    return request.kind is RequestKind.ACCESS and not (said and said <= DECIDING)


def time_to_decide(request: Request) -> timedelta | None:
    """Return how long a request waited until people decided; None if they did not."""
    decided = request.state in (RequestState.APPROVED, RequestState.DENIED)
    if not decided or not is_peoples(request) or request.decided_at is None:
        return None
    return request.decided_at - request.created_at
