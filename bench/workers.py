"""Row J: one, two and four workers on one PostgreSQL, with many clusters to bring in line."""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import func
from sqlmodel import select

from bench import seeding
from bench.company import alias, cluster_id
from bench.findings import Figure, Finding, Scale, reasons
from bench.processes import processor_seconds, running_bot
from bench.stage import Stage, postgresql, stage
from bot.domain.lifecycle import GrantState
from bot.store import clusters as watched
from bot.store.signals import signal
from bot.store.tables import GrantRow, HeartbeatRow
from dbaccess_playground.faults import Fault
from tests.postgresql import PostgresServer
from tests.waiting import eventually

_API_SECONDS = 0.2
_UNLIMITED: dict[str, Any] = {"calls_per_minute": 100_000, "calls_per_hour": 1_000_000}
_LEAST = 1.8
_GOAL = f"two workers on PostgreSQL do {_LEAST} x what one does; four as far as the cores reach"


def measure(scale: Scale) -> Finding:
    """Let so many workers start as many grants, each on a cluster of its own."""
    crews = (1, 2) if scale.quick else (1, 2, 4)
    sizes = (8,) if scale.quick else (50, 200)
    figures, unmet = [], []
    with postgresql() as server:
        if server is None:
            return Finding("J", _GOAL, (), "there is no PostgreSQL here")
        for clusters in sizes:
            alone = 0.0
            for crew in crews:
                with stage(clusters, url=server.database()) as place:
                    shift = _shift(place, server, crew, clusters)
                alone = alone or shift.rate
                ratio = shift.rate / alone
                figures.append(
                    Figure(
                        f"{crew} at work, {clusters} clusters",
                        f"{shift.rate:.1f}",
                        f"{ratio:.2f} x",
                        shift.processor_time(),
                    )
                )
                if crew == 2 and clusters == sizes[-1] and ratio < _LEAST:
                    unmet.append(f"two did {ratio:.2f} x: {shift.shortage()}")
    columns = ("reconciles a second", "", "processor time of one: workers; PostgreSQL; sandbox")
    return Finding("J", _GOAL, tuple(figures), reasons(*unmet), columns=columns)


@dataclass(frozen=True)
class _Shift:
    """What some workers did: so many reconciles, in how many seconds, and of which processor."""

    count: int
    seconds: float
    workers: float
    database: float
    sandbox: float

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    def processor_time(self) -> str:
        each = (self.workers, self.database, self.sandbox)
        return "; ".join(f"{seconds / self.count * 1000:.0f} ms" for seconds in each)

    def shortage(self) -> str:
        """Say how much of the processor was used by what is measured here."""
        used = (self.workers + self.database + self.sandbox) / self.seconds
        return f"they, PostgreSQL and the sandbox took {used:.1f} of {os.cpu_count()} cores"


def _shift(place: Stage, server: PostgresServer, crew: int, clusters: int) -> _Shift:
    """Let the workers do it once all of them keep time, each cluster read once."""
    place.digitalocean.faults.add(Fault.slow(_API_SECONDS, times=None))
    with ExitStack() as stack:
        workers = [
            stack.enter_context(running_bot(place, clusters, "worker", **_UNLIMITED))
            for _ in range(crew)
        ]
        eventually(lambda: _beating(place) == crew, seconds=120)
        eventually(lambda: len(place.digitalocean.calls) >= clusters, seconds=120)
        now = datetime.now(UTC)
        seeding.add_grants(
            place.database,
            [now + timedelta(days=1)] * clusters,
            clusters=clusters,
            now=now,
            state=GrantState.APPLYING,
        )

        def used() -> tuple[float, float, float]:
            workers_used = sum(processor_seconds(worker) for worker in workers)
            return workers_used, server.processor_seconds(), process_time()

        before, began = used(), perf_counter()
        with place.database.transaction() as session:
            for number in range(1, clusters + 1):
                watched.mark_due(session, cluster_id(number), alias(number), now)
        signal(place.database)
        eventually(lambda: _applying(place) == 0, seconds=240)
        seconds = perf_counter() - began
        spent = (after - first for after, first in zip(used(), before, strict=True))
        return _Shift(clusters, seconds, *spent)


def _beating(place: Stage) -> int:
    with place.database.reading() as session:
        return session.exec(select(func.count()).select_from(HeartbeatRow)).one()


def _applying(place: Stage) -> int:
    with place.database.reading() as session:
        query = select(func.count()).select_from(GrantRow)
        return session.exec(query.where(GrantRow.state == GrantState.APPLYING)).one()
