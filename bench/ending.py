"""Row E: from the end of a grant to the write that takes its rule away, among 10,000 of them."""

from datetime import UTC, datetime, timedelta

from bench import seeding
from bench.findings import Figure, Finding, Scale, p99, reasons, timing
from bench.removals import Removals
from bench.stage import Stage, serving, stage
from dbaccess_playground.digitalocean.rate_limit import MINUTE_SECONDS
from dbaccess_playground.faults import Fault
from tests.waiting import eventually

_API_SECONDS = 0.2
_PER_MINUTE = 250
_GOAL_SECONDS = 1.0
_LATER = timedelta(days=1)
_CALLS_OF_AN_END = 3


def measure(scale: Scale) -> Finding:
    """Let grants end one by one, slower than the rate limit; then faster than it allows."""
    live, clusters = scale.pick(10_000, 60), scale.pick(200, 6)
    few, apart = scale.pick(90, 3), scale.pick(20, 5) / 10
    steadily = _run(live, clusters, ends=few, apart_seconds=apart, quiet=scale.pick(120, 2))
    rush = _run(live, clusters, ends=clusters, apart_seconds=0.05, quiet=scale.pick(120, 2))
    late = p99(steadily.delays)
    needed = clusters * _CALLS_OF_AN_END
    figures = (
        timing(f"{few} ends, one each {apart} s, API 200 ms: end to its write", steadily.delays),
        Figure("calls in the busiest minute; refused with 429", ratio=_calls(steadily)),
        timing(f"{clusters} clusters' ends within {clusters / 20:.0f} s", rush.delays),
        Figure(f"they need {needed} calls; busiest minute; refused", ratio=_calls(rush)),
        Figure("removed before an earlier end, by", ratio=f"{rush.out_of_order_seconds():.1f} s"),
    )
    missed = reasons(
        f"p99 {late:.1f} s" if late > _GOAL_SECONDS + 2 * _API_SECONDS else "",
        f"{rush.refused()} calls were refused" if rush.refused() else "",
        "" if steadily.all_gone and rush.all_gone else "some rules still stand",
    )
    goal = "end to its write within 1 s plus the API's time (p99); in a rush, the oldest first"
    return Finding("E", goal, figures, missed)


def _run(live: int, clusters: int, *, ends: int, apart_seconds: float, quiet: int) -> Removals:
    """Start with all live, keep quiet while each cluster is looked at, then let some end."""
    with stage(clusters, rate_limit_per_minute=_PER_MINUTE) as place:
        now = datetime.now(UTC)
        first = now + timedelta(seconds=quiet + live / 5_000)
        all_ends = [first + timedelta(seconds=n * apart_seconds) for n in range(ends)]
        all_ends += [now + _LATER] * (live - ends)
        _lend(place, all_ends, clusters, now)
        due = {seeding.address(n): at for n, at in enumerate(all_ends[:ends], start=1)}
        place.digitalocean.faults.add(Fault.slow(_API_SECONDS, times=None))
        removals = Removals(place.digitalocean, due)
        needed = ends * _CALLS_OF_AN_END / _PER_MINUTE * MINUTE_SECONDS
        patience = quiet + ends * apart_seconds + 2 * needed + 2 * MINUTE_SECONDS
        with serving(place, clusters):
            eventually(lambda: removals.all_gone, seconds=patience)
    return removals


def _lend(place: Stage, ends: list[datetime], clusters: int, now: datetime) -> None:
    seeding.add_grants(place.database, ends, clusters=clusters, now=now)
    seeding.add_rules(place.digitalocean, ends, clusters=clusters)


def _calls(seen: Removals) -> str:
    return f"{seen.most_within(MINUTE_SECONDS)}; {seen.refused()}"
