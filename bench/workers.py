"""Row J: one, two and four workers on one PostgreSQL, with many clusters to bring in line."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import func
from sqlmodel import select

from bench import seeding
from bench.company import alias, cluster_id
from bench.findings import Figure, Finding, Scale, reasons
from bench.processes import running_bot
from bench.stage import Stage, databases, stage
from bot.domain.lifecycle import GrantState
from bot.store import clusters as watched
from bot.store.tables import GrantRow, HeartbeatRow
from dbaccess_playground.faults import Fault
from tests.waiting import eventually

_API_SECONDS = 0.2
_UNLIMITED: dict[str, Any] = {"calls_per_minute": 100_000, "calls_per_hour": 1_000_000}
_GOAL = "two and four workers on PostgreSQL get more done than one"
_NOWHERE = Path()


def measure(scale: Scale) -> Finding:
    """Let so many workers start as many grants, each on a cluster of its own."""
    crews = (1, 2) if scale.quick else (1, 2, 4)
    sizes = (8,) if scale.quick else (50, 200)
    figures, unmet = [], []
    with databases() as makers:
        if "PostgreSQL" not in makers:
            return Finding("J", _GOAL, (), "there is no PostgreSQL here")
        for clusters in sizes:
            rates = {}
            for crew in crews:
                with stage(clusters, url=makers["PostgreSQL"](_NOWHERE)) as place:
                    rates[crew] = clusters / _seconds(place, crew, clusters)
                ratio = f"{rates[crew] / rates[1]:.2f} x one worker"
                what = f"{crew} at work, {clusters} clusters: {rates[crew]:.1f} clusters a second"
                figures.append(Figure(what, ratio=ratio))
            if clusters == sizes[-1] and rates[crews[-1]] <= rates[1]:
                unmet.append(f"{crews[-1]} workers were no faster than one")
    return Finding("J", _GOAL, tuple(figures), reasons(*unmet))


def _seconds(place: Stage, crew: int, clusters: int) -> float:
    """Return how long the workers take once all of them keep time."""
    place.digitalocean.faults.add(Fault.slow(_API_SECONDS, times=None))
    with ExitStack() as shift:
        for _ in range(crew):
            shift.enter_context(running_bot(place, clusters, "worker", **_UNLIMITED))
        eventually(lambda: _beating(place) == crew)
        eventually(lambda: len(place.digitalocean.calls) >= clusters, seconds=120)
        now = datetime.now(UTC)
        seeding.add_grants(
            place.database,
            [now + timedelta(days=1)] * clusters,
            clusters=clusters,
            now=now,
            state=GrantState.APPLYING,
        )
        began = perf_counter()
        with place.database.transaction() as session:
            for number in range(1, clusters + 1):
                watched.mark_due(session, cluster_id(number), alias(number), now)
        eventually(lambda: _applying(place) == 0, seconds=240)
        return perf_counter() - began


def _beating(place: Stage) -> int:
    with place.database.reading() as session:
        return session.exec(select(func.count()).select_from(HeartbeatRow)).one()


def _applying(place: Stage) -> int:
    with place.database.reading() as session:
        query = select(func.count()).select_from(GrantRow)
        return session.exec(query.where(GrantRow.state == GrantState.APPLYING)).one()
