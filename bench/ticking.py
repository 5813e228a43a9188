"""Row F: one tick with nothing due, with few and with very many ended grants in the tables."""

import re
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import event

from bench import company, seeding
from bench.findings import Figure, Finding, Scale, reasons, timing
from bench.history import add_history
from bench.stage import databases, stage
from bot.parts import build_parts, build_worker
from bot.scheduler import Worker
from bot.store.database import Database

_CLUSTERS = 20
_LIVE = 1_000
_PENDING = 100
_LARGE = re.compile(r"(?:SCAN|Seq Scan on) (requests|grants|audit|outbox|errands|decisions)\b")
_GOAL = 1.2


def measure(scale: Scale) -> Finding:
    """Tick, and have each statement of a tick explained where the tables are large."""
    few, many = 1_000, scale.pick(1_000_000, 20_000)
    ticks = scale.pick(300, 20)
    figures: list[Figure] = []
    unmet, plans = [], []
    with databases() as makers:
        for name, make in makers.items():
            with _ticking(make, few) as (_, worker):
                small = _times(worker, ticks)
            with _ticking(make, many) as (database, worker):
                large = _times(worker, ticks)
                explained = _explained(database, worker.look)
            ratio = statistics.median(large) / statistics.median(small)
            figures.append(timing(f"{name}: tick, {few:,} ended grants", small))
            ratio_text = f"{ratio:.2f} x"
            figures.append(timing(f"{name}: tick, {many:,} ended", large, ratio=ratio_text))
            scans = sum(bool(_LARGE.search(plan)) for plan in explained)
            figures.append(Figure(f"{name}: statements of a tick", ratio=f"{len(explained)}"))
            figures.append(Figure(f"{name}: of these, read a large table whole", ratio=f"{scans}"))
            plans += [f"-- {name}", *explained, ""]
            unmet += [f"{name}: {ratio:.2f} x" if ratio > _GOAL else ""]
    goal = f"one tick with nothing due within {_GOAL} x, whatever has ended"
    return Finding("F", goal, tuple(figures), reasons(*unmet), tuple(plans))


@contextmanager
def _ticking(make: Callable[[Path], str], ended: int) -> Iterator[tuple[Database, Worker]]:
    """Yield a worker that has all its rows and nothing to do."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="dbaccess-bench-") as folder:
        url = make(Path(folder))
        with stage(_CLUSTERS, url=url) as place:
            _fill(place.database, ended, now)
            settings = company.settings(place.slack, place.digitalocean, url)
            parts = build_parts(settings, company.policy(_CLUSTERS))
            worker = build_worker(parts)
            worker.look()
            yield parts.database, worker
            worker.stop()
            parts.close()


def _fill(database: Database, ended: int, now: datetime) -> None:
    ends = [now + timedelta(days=2, seconds=n) for n in range(_LIVE)]
    seeding.add_grants(database, ends, clusters=_CLUSTERS, now=now)
    last = add_history(database, ended, clusters=_CLUSTERS, now=now, after=_LIVE)
    seeding.add_pending(database, _PENDING, clusters=_CLUSTERS, now=now, first=last + 1, extends=1)
    seeding.watch_clusters(database, _CLUSTERS, due_at=now + timedelta(days=2))
    _gather_statistics(database)


def _times(worker: Worker, ticks: int) -> list[float]:
    times = []
    for _ in range(ticks):
        began = perf_counter()
        worker.look()
        times.append(perf_counter() - began)
    return times


def _explained(database: Database, act: Callable[[], object]) -> list[str]:
    """Return each statement that *act* sends, with the plan that the database makes for it."""
    seen: dict[str, Any] = {}

    def note(_c: Any, _u: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith("SELECT"):
            seen.setdefault(statement, parameters)

    event.listen(database.engine, "before_cursor_execute", note)
    act()
    event.remove(database.engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    with database.engine.connect() as connection:
        return [
            _shown(statement, connection.exec_driver_sql(explain + statement, parameters).all())
            for statement, parameters in seen.items()
        ]


def _shown(statement: str, plan: Any) -> str:
    short = re.sub(r"SELECT .*? FROM", "SELECT … FROM", " ".join(statement.split()), count=1)
    return "\n".join([short, *(f"    {row[-1]}" for row in plan)])


def _gather_statistics(database: Database) -> None:
    """PostgreSQL does so by itself, but later; SQLite has none, here as in life."""
    if not database.is_sqlite:
        with database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("VACUUM ANALYZE")
