"""Row F: one tick with nothing due, with few and with very many ended grants in the tables."""

import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, sleep

from bench import company, seeding
from bench.findings import Figure, Finding, Scale, markdown, reasons, timing
from bench.history import add_history
from bench.plans import explained, gather_statistics, reads_history_whole, tables_read
from bench.processes import processor_seconds, running_bot, seconds_until_ready
from bench.stage import databases, stage
from bench.statements import statements
from bot.bootstrap.components import build_components
from bot.bootstrap.worker import build_worker
from bot.store.database import Database
from bot.worker import Worker
from tests.timetable import inline

_CLUSTERS = 20
_LIVE = 1_000
_PENDING = 100
_GOAL = 1.2


def measure(scale: Scale) -> Finding:
    """Tick, and have each statement of a tick explained where the tables are large."""
    few, many = 1_000, scale.pick(1_000_000, 20_000)
    ticks = scale.pick(300, 20)
    figures: list[Figure] = []
    unmet: list[str] = []
    read: dict[str, dict[str, str]] = {}
    with databases() as makers:
        for name, make in makers.items():
            with _ticking(make, few) as (_, idle), _ticking(make, many) as (database, busy):
                small, large = _times(idle, busy, ticks)
                with statements(database) as sent:
                    _tick(busy)
                plans_here = explained(database, lambda: _tick(busy))
            ratio = statistics.median(large) / statistics.median(small)
            figures.append(timing(f"{name}: tick, {few:,} ended grants", small))
            ratio_text = f"{ratio:.2f} x"
            figures.append(timing(f"{name}: tick, {many:,} ended", large, ratio=ratio_text))
            scans = sum(map(reads_history_whole, plans_here))
            asked = f"{len(sent)}; {scans}"
            figures.append(
                Figure(f"{name}: statements; how many read a history whole", ratio=asked)
            )
            read[name] = tables_read(plans_here)
            unmet += [f"{name}: {ratio:.2f} x" if ratio > _GOAL else ""]
    idle_seconds = _idle(scale.pick(60, 3))
    figures.append(Figure("processor time of `serve`, idle, in an hour", f"{idle_seconds:.0f} s"))
    goal = f"one tick with nothing due within {_GOAL} x, whatever has ended"
    return Finding("F", goal, tuple(figures), reasons(*unmet), _indexes(read))


def _indexes(read: dict[str, dict[str, str]]) -> tuple[str, ...]:
    """Return the appendix: by which indexes a tick reads each table, on each database."""
    tables = sorted(set().union(*read.values()))
    lines = [[table, *(ways.get(table, "") for ways in read.values())] for table in tables]
    return tuple(markdown([["table", *read], *lines]))


@contextmanager
def _ticking(make: Callable[[Path], str], ended: int) -> Iterator[tuple[Database, Worker]]:
    """Yield a worker that has all its rows and nothing to do."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="dbaccess-bench-") as folder:
        url = make(Path(folder))
        with stage(_CLUSTERS, url=url) as place:
            _fill(place.database, ended, now)
            settings = company.settings(place.slack, place.digitalocean, url)
            parts = build_components(settings, company.policy(_CLUSTERS))
            worker = build_worker(parts, inline)
            _tick(worker)
            yield parts.database, worker
            worker.stop()
            parts.close()


def _tick(worker: Worker) -> None:
    """Do what a worker does each second."""
    worker.run_due()


def _idle(seconds: int) -> float:
    """Return how much processor time a process takes in an hour in which nobody does anything."""
    with stage(_CLUSTERS) as place, running_bot(place, _CLUSTERS) as process:
        seconds_until_ready(process, since=0)
        sleep(seconds / 6)  # what it does at its start is over
        before = processor_seconds(process)
        sleep(seconds)
        return (processor_seconds(process) - before) / seconds * 3_600


def _fill(database: Database, ended: int, now: datetime) -> None:
    ends = [now + timedelta(days=2, seconds=n) for n in range(_LIVE)]
    seeding.add_grants(database, ends, clusters=_CLUSTERS, now=now)
    last = add_history(database, ended, clusters=_CLUSTERS, now=now, after=_LIVE)
    seeding.add_pending(database, _PENDING, clusters=_CLUSTERS, now=now, first=last + 1, extends=1)
    seeding.watch_clusters(database, _CLUSTERS, due_at=now + timedelta(days=2))
    gather_statistics(database)


def _times(idle: Worker, busy: Worker, ticks: int) -> tuple[list[float], list[float]]:
    """Let both tick in turns, so that what else the machine does strikes both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ticks):
        for worker, taken in zip((idle, busy), times, strict=True):
            began = perf_counter()
            _tick(worker)
            taken.append(perf_counter() - began)
    return times
