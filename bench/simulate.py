"""What DigitalOcean's rate limits allow a large company: a simulation, with no I/O.

    python -m bench.simulate [--clusters 5000] [--grants 100000] [--hours 10]

Grants start at random times of a working day, on clusters of which some are far more popular than
others, and end after half an hour to four hours. Each token (a DigitalOcean team) looks after a
share of the clusters and has budgets of its own: 250 calls a minute and 5,000 an hour. A second is
one step. In each, a token's calls go first to the changes that wait, the oldest first; looks after
a write (30 s and 55 s) and drift checks get half of the limits at most, and only what is left.
"""

import argparse
import heapq
import random
import statistics
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from bench.findings import p99

PER_MINUTE, PER_HOUR = 250, 5_000
CHANGE_CALLS, LOOK_CALLS = 3, 1
LOOKS_AFTER = (30, 55)
LOOK_SHARE = 0.5
_SEED = 7
_SHORTEST, _LONGEST = 1_800, 4 * 3_600


@dataclass(frozen=True)
class Company:
    """What is asked of the bot in a day."""

    clusters: int = 5_000
    grants: int = 100_000
    day_seconds: int = 10 * 3_600
    drift_seconds: int = 300


@dataclass(frozen=True)
class Outcome:
    """What a day came to with so many tokens."""

    tokens: int
    changes: int
    looks: int
    coalesced: int
    start_delays: Sequence[float]
    end_delays: Sequence[float]
    minute_full: float
    hour_full: float
    drift_seconds: float

    @property
    def saturated(self) -> str:
        """What ran out first: the share of the time in which it held something up."""
        if max(self.minute_full, self.hour_full) < 0.01:
            return "nothing"
        name = "the hour's" if self.hour_full >= self.minute_full else "the minute's"
        return f"{name} limit, {max(self.minute_full, self.hour_full):.0%} of the time"


@dataclass
class _Budget:
    """The calls of the last hour, by the second."""

    calls: deque[tuple[int, int]] = field(default_factory=deque)
    minute: deque[tuple[int, int]] = field(default_factory=deque)
    in_hour: int = 0
    in_minute: int = 0

    def pass_time(self, now: int) -> None:
        while self.calls and self.calls[0][0] <= now - 3_600:
            self.in_hour -= self.calls.popleft()[1]
        while self.minute and self.minute[0][0] <= now - 60:
            self.in_minute -= self.minute.popleft()[1]

    def allows(self, calls: int, share: float = 1.0) -> bool:
        return (
            self.in_minute + calls <= PER_MINUTE * share
            and self.in_hour + calls <= PER_HOUR * share
        )

    def spend(self, now: int, calls: int) -> None:
        for window in (self.calls, self.minute):
            window.append((now, calls))
        self.in_hour += calls
        self.in_minute += calls


@dataclass
class _Cluster:
    waiting: list[tuple[int, bool]] = field(default_factory=list)  # since when, and whether an end
    look_at: int = 0
    looked_at: int = 0
    looks_left: list[int] = field(default_factory=list)


class _Token:
    """One team's clusters and its budget."""

    def __init__(self, clusters: Iterable[int], drift_seconds: int, rng: random.Random) -> None:
        self._drift = drift_seconds
        self._clusters = {number: _Cluster() for number in clusters}
        self._budget = _Budget()
        self._line: deque[int] = deque()  # clusters with a change that waits, the oldest first
        self._looks: list[tuple[int, int]] = []
        for number, cluster in self._clusters.items():
            cluster.look_at = rng.randrange(drift_seconds)
            self._looks.append((cluster.look_at, number))
        heapq.heapify(self._looks)
        self.changes = self.looks = self.coalesced = 0
        self.start_delays: list[float] = []
        self.end_delays: list[float] = []
        self.drift_gaps: list[float] = []
        self.minute_full = self.hour_full = 0

    @property
    def is_behind(self) -> bool:
        """Whether a change waits."""
        return bool(self._line)

    def ask(self, number: int, now: int, *, is_end: bool) -> None:
        """Have a grant start or end."""
        cluster = self._clusters[number]
        if cluster.waiting:
            self.coalesced += 1
        else:
            self._line.append(number)
        cluster.waiting.append((now, is_end))

    def step(self, now: int) -> None:
        """Spend one second's calls."""
        self._budget.pass_time(now)
        while self._line and self._budget.allows(CHANGE_CALLS):
            self._change(self._line.popleft(), now)
        if self._line:
            self._note_full(CHANGE_CALLS, 1.0)
        while self._looks and self._looks[0][0] <= now:
            if not self._budget.allows(LOOK_CALLS, LOOK_SHARE):
                if not self._line:
                    self._note_full(LOOK_CALLS, LOOK_SHARE)
                break
            at, number = heapq.heappop(self._looks)
            if at == self._clusters[number].look_at:
                self._look(number, now)

    def _change(self, number: int, now: int) -> None:
        cluster = self._clusters[number]
        for since, is_end in cluster.waiting:
            (self.end_delays if is_end else self.start_delays).append(now - since)
        cluster.waiting.clear()
        cluster.looks_left = [now + after for after in LOOKS_AFTER]
        self.changes += 1
        self._spend(number, now, CHANGE_CALLS)

    def _look(self, number: int, now: int) -> None:
        self.looks += 1
        self._spend(number, now, LOOK_CALLS)

    def _spend(self, number: int, now: int, calls: int) -> None:
        cluster = self._clusters[number]
        self._budget.spend(now, calls)
        self.drift_gaps.append(now - cluster.looked_at)
        cluster.looked_at = now
        later = [at for at in cluster.looks_left if at > now]
        cluster.looks_left = later
        cluster.look_at = later[0] if later else now + self._drift
        heapq.heappush(self._looks, (cluster.look_at, number))

    def _note_full(self, calls: int, share: float) -> None:
        self.minute_full += self._budget.in_minute + calls > PER_MINUTE * share
        self.hour_full += self._budget.in_hour + calls > PER_HOUR * share


def simulate(company: Company, tokens: int, *, seed: int = _SEED) -> Outcome:
    """Play one day; clusters are dealt to the tokens one after the other."""
    rng = random.Random(seed)  # noqa: S311  # a simulation, not a secret
    teams = [
        _Token(range(first, company.clusters, tokens), company.drift_seconds, rng)
        for first in range(tokens)
    ]
    events = _events(company, rng)
    now = position = 0
    while position < len(events) or any(team.is_behind for team in teams):
        while position < len(events) and events[position][0] <= now:
            _, cluster, is_end = events[position]
            teams[cluster % tokens].ask(cluster, now, is_end=is_end)
            position += 1
        for team in teams:
            team.step(now)
        now += 1
    return _outcome(teams, now)


def _events(company: Company, rng: random.Random) -> list[tuple[int, int, bool]]:
    """Return starts and ends as (second, cluster, whether an end); a fifth gets four fifths."""
    popular = max(company.clusters // 5, 1)
    events = []
    for _ in range(company.grants):
        everywhere = rng.random() < 0.2
        cluster = rng.randrange(company.clusters if everywhere else popular)
        start = rng.randrange(company.day_seconds)
        events.append((start, cluster, False))
        events.append((start + rng.randrange(_SHORTEST, _LONGEST), cluster, True))
    return sorted(events)


def _outcome(teams: Sequence[_Token], seconds: int) -> Outcome:
    moments = seconds * len(teams)
    gaps = [gap for team in teams for gap in team.drift_gaps]
    return Outcome(
        tokens=len(teams),
        changes=sum(team.changes for team in teams),
        looks=sum(team.looks for team in teams),
        coalesced=sum(team.coalesced for team in teams),
        start_delays=[delay for team in teams for delay in team.start_delays],
        end_delays=[delay for team in teams for delay in team.end_delays],
        minute_full=sum(team.minute_full for team in teams) / moments,
        hour_full=sum(team.hour_full for team in teams) / moments,
        drift_seconds=p99(gaps),
    )


def main() -> None:
    """Print a line for each number of tokens."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulate")
    parser.add_argument("--clusters", type=int, default=Company.clusters)
    parser.add_argument("--grants", type=int, default=Company.grants, help="in a day")
    parser.add_argument("--hours", type=float, default=Company.day_seconds / 3_600)
    parser.add_argument("--drift", type=int, default=Company.drift_seconds, help="seconds")
    parser.add_argument("--tokens", type=int, nargs="*", default=[1, 2, 4, 8, 12, 16, 24, 32])
    chosen = parser.parse_args()
    day = round(chosen.hours * 3_600)
    company = Company(chosen.clusters, chosen.grants, day, chosen.drift)
    title = (
        f"{company.clusters:,} clusters, {company.grants:,} grants a day, drift {chosen.drift} s"
    )
    columns = ("tokens", "changes", "coalesced", "looks", "start p50/p99", "end p50/p99")
    table = Table(*columns, "looked at, p99", "what runs out", title=title)
    for tokens in chosen.tokens:
        table.add_row(*_cells(simulate(company, tokens)))
    Console(width=140).print(table)


def _cells(outcome: Outcome) -> list[str]:
    return [
        f"{outcome.tokens}",
        f"{outcome.changes:,}",
        f"{outcome.coalesced:,}",
        f"{outcome.looks:,}",
        _delay(outcome.start_delays),
        _delay(outcome.end_delays),
        f"{outcome.drift_seconds:,.0f} s",
        outcome.saturated,
    ]


def _delay(seconds: Sequence[float]) -> str:
    if not seconds:
        return "never"
    return f"{statistics.median(seconds):,.0f} / {p99(seconds):,.0f} s"


if __name__ == "__main__":
    main()
