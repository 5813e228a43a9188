"""Row H: how long a start takes, with nothing open and with 10,000 live grants."""

import statistics
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from bench import seeding
from bench.findings import Figure, Finding, Scale, milliseconds, p99, reasons
from bench.processes import processor_seconds, running_bot, seconds_until_ready
from bench.stage import Stage, databases, stage
from tests.processes import Process
from tests.waiting import eventually

_GOAL_EMPTY_SECONDS = 0.8
_GOAL_LIVE_SECONDS = 1.0
_COLUMNS = ("median", "p99", "processor time")


def measure(scale: Scale) -> Finding:
    """Start each role, and `serve` again and again on the same rows."""
    live, clusters, times = scale.pick(10_000, 100), scale.pick(200, 5), scale.pick(5, 1)
    figures: list[Figure] = []
    unmet = []
    with databases() as makers:
        for name, make in makers.items():
            with (
                tempfile.TemporaryDirectory(prefix="dbaccess-bench-") as folder,
                stage(clusters, url=make(Path(folder))) as place,
            ):
                for rows, most in ((0, _GOAL_EMPTY_SECONDS), (live, _GOAL_LIVE_SECONDS)):
                    _seed(place, rows, clusters)
                    taken, figure = _starts(place, clusters, "serve", times, _until_ready)
                    what = f"{name}: `serve` to ready, {rows:,} live grants"
                    figures.append(figure(what))
                    late = statistics.median(taken)
                    unmet.append(f"{what}: {late:.1f} s" if late > most else "")
                for role in ("web", "worker"):
                    _, figure = _starts(place, clusters, role, times, _until_started)
                    figures.append(figure(f"{name}: `{role}` until it is at work"))
    goal = (
        f"start to ready in {_GOAL_EMPTY_SECONDS} s, with 10,000 live grants in "
        f"{_GOAL_LIVE_SECONDS} s"
    )
    return Finding("H", goal, tuple(figures), reasons(*unmet), columns=_COLUMNS)


def _seed(place: Stage, live: int, clusters: int) -> None:
    now = datetime.now(UTC)
    ends = [now + timedelta(hours=3, seconds=number) for number in range(live)]
    seeding.add_grants(place.database, ends, clusters=clusters, now=now)
    seeding.add_rules(place.digitalocean, ends, clusters=clusters)


def _starts(
    place: Stage, clusters: int, role: str, times: int, wait: Callable[[Process], None]
) -> tuple[list[float], Callable[[str], Figure]]:
    """Return the seconds of each start, and what makes a line of them."""
    taken, used = [], []
    for _ in range(times):
        began = perf_counter()
        with running_bot(place, clusters, role) as process:
            wait(process)
            taken.append(perf_counter() - began)
            used.append(processor_seconds(process))

    def figure(what: str) -> Figure:
        median = milliseconds(statistics.median(taken))
        processor = milliseconds(statistics.median(used))
        return Figure(f"{what} (n = {times})", median, milliseconds(p99(taken)), processor)

    return taken, figure


def _until_ready(process: Process) -> None:
    seconds_until_ready(process, since=0)


def _until_started(process: Process) -> None:
    """Without a worker, `web` is not ready."""
    eventually(lambda: process.said("started"), seconds=120)
