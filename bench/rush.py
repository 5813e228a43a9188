"""Row O: 10,000 accesses on 200 clusters that end within one hour, with five tokens' budgets.

It is played by a clock that is moved five seconds at a time: the worker, its budget and the
sandbox's rate limit go by it. Each token (a DigitalOcean team) has a bot of its own, and they share
nothing, so each plays in a process of its own. Messages wait until it is over, since they take no
calls of the API.
"""

import logging
import os
import random
import statistics
import tempfile
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import process_time
from typing import Any

from bench import company, seeding
from bench.findings import Figure, Finding, Scale, p99, reasons
from bench.removals import Removals
from bot.bootstrap.components import build_components
from bot.bootstrap.worker import build_worker
from bot.logs import set_up_logs
from bot.store import schema
from bot.worker.periodic_jobs import RECONCILE
from tests.scenarios.world import ManualClock
from tests.timetable import Inline, Timetable

_STEP_SECONDS = 5
_PER_MINUTE = 250
_MINUTE_SECONDS, _HOUR_SECONDS = 60, 3_600
_QUIET_SECONDS = 120  # each cluster is read at the start
_MOST_LATE_SECONDS = 3_600
_SEED = 7


@dataclass(frozen=True)
class _Played:
    """What came of one token's share, its delays in seconds in the order of the writes."""

    delays: tuple[float, ...]
    passed_over_seconds: float
    refused: int
    busiest_minute: int
    busiest_hour: int
    processor_seconds: float


def measure(scale: Scale) -> Finding:
    """Let each token's share end, and see how late each rule goes, and which one first."""
    tokens, clusters, ends = scale.pick(5, 1), scale.pick(200, 5), scale.pick(10_000, 30)
    play = partial(_played, clusters // tokens, ends // tokens)
    with ProcessPoolExecutor(
        min(tokens, os.cpu_count() or 1),
        mp_context=get_context("spawn"),
        initializer=partial(set_up_logs, "json", level=logging.CRITICAL),
    ) as pool:
        seen = list(pool.map(play, range(tokens)))
    spent = sum(one.processor_seconds for one in seen)
    late = [seconds for one in seen for seconds in one.delays]
    lost = ends - len(late)
    passed_over = max(one.passed_over_seconds for one in seen)
    refused = sum(one.refused for one in seen)
    busiest = (max(one.busiest_minute for one in seen), max(one.busiest_hour for one in seen))
    figures = (
        Figure(
            f"{ends:,} ends: end to its write, median; p99; the last",
            f"{statistics.median(late):.1f} s; {p99(late):.0f} s; {max(late):.0f} s",
        ),
        Figure("lost; refused with 429", f"{lost}; {refused}"),
        Figure("removed while a rule stood whose end was earlier, by", f"{passed_over:.0f} s"),
        Figure("calls of a token: busiest minute; hour", "; ".join(f"{n:,}" for n in busiest)),
        Figure("processor time of an end, with the sandbox's", f"{spent / ends * 1000:.1f} ms"),
    )
    missed = reasons(
        f"{lost} were lost" if lost else "",
        f"{refused} calls were refused" if refused else "",
        f"an earlier end was passed over by {passed_over:.0f} s" if passed_over else "",
        f"the last went {max(late):.0f} s late" if max(late) > _MOST_LATE_SECONDS else "",
    )
    goal = "10,000 ends on 200 clusters within an hour, five tokens: the oldest first, none lost"
    return Finding("O", goal, figures, missed, columns=("measured", "", ""))


def _played(clusters: int, ends: int, number: int) -> _Played:
    """Let one bot have so many ends within an hour, until all rules are gone or it is too late."""
    began, clock = process_time(), ManualClock()
    slack = company.sandbox_slack()
    digitalocean = company.sandbox_digitalocean(
        clusters, clock=clock.now, rate_limit_per_minute=_PER_MINUTE
    )
    chance = random.Random(_SEED + number)  # noqa: S311  # a measurement, not a secret
    hour = range(_QUIET_SECONDS, _QUIET_SECONDS + _HOUR_SECONDS)
    times = [clock.now() + timedelta(seconds=chance.choice(hour)) for _ in range(ends)]
    due = {seeding.address(n): at for n, at in enumerate(times, start=1)}
    with tempfile.TemporaryDirectory(prefix="dbaccess-bench-") as folder, slack, digitalocean:
        settings = company.settings(slack, digitalocean, company.sqlite_url(Path(folder)))
        parts = build_components(settings, company.policy(clusters, tick="1s"), clock)
        schema.upgrade(parts.database)
        seeding.add_grants(parts.database, times, clusters=clusters, now=clock.now())
        seeding.add_rules(digitalocean, times, clusters=clusters)
        removals = Removals(digitalocean, due)
        worker = build_worker(parts, _reconciles_alone)
        worker.take_over()
        timetable = Timetable(worker, clock)
        last = max(times) + timedelta(seconds=_MOST_LATE_SECONDS)
        while not removals.all_gone and clock.now() < last:
            timetable.settle()
            clock.advance(seconds=_STEP_SECONDS)
        worker.stop()
        parts.close()
    return _Played(
        tuple(removals.delays),
        removals.passed_over_seconds(),
        removals.refused(),
        removals.most_within(_MINUTE_SECONDS),
        removals.most_within(_HOUR_SECONDS),
        process_time() - began,
    )


class _Waits(Executor):
    """Begins nothing."""

    def submit(self, act: Any, /, *args: Any, **named: Any) -> Future[Any]:
        del act, args, named
        return Future()


def _reconciles_alone(_concurrency: int, name: str) -> Executor:
    """Return what jobs run in: clusters are reconciled at once, all else waits."""
    return Inline() if name == RECONCILE else _Waits()
