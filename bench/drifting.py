"""Row G: what the drift checks of 200 clusters take from the rate limit, and how evenly."""

import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from bench import company, seeding
from bench.findings import Figure, Finding, Scale, reasons
from bot.bootstrap.components import build_components
from bot.bootstrap.worker import build_worker
from bot.store import schema
from tests.scenarios.world import ManualClock
from tests.timetable import Timetable, inline

_PER_MINUTE = 250
_PER_HOUR = 5_000
_SHARE = 0.5
_STEP_SECONDS = 5
_STEPS = 3
_EVEN = 3.0


def measure(scale: Scale) -> Finding:
    """Let 20 minutes pass in steps, nothing ending; count calls after the first two periods."""
    clusters, minutes = scale.pick(200, 10), 20
    calls = _calls_by_step(clusters, minutes * 60 // _STEP_SECONDS)
    settled = calls[len(calls) // 2 :]
    a_minute = 60 // _STEP_SECONDS
    per_minute = [sum(calls[i : i + a_minute]) for i in range(len(calls) - a_minute + 1)]
    per_hour = sum(settled) * 3600 / (len(settled) * _STEP_SECONDS)
    usual = sum(settled) / len(settled)
    by_three = [sum(settled[i : i + _STEPS]) / _STEPS for i in range(0, len(settled), _STEPS)]
    peak = max(by_three) / usual
    figures = (
        Figure(f"busiest minute of all, {clusters} clusters", ratio=_share(max(per_minute))),
        Figure("calls an hour, once settled", ratio=_share(per_hour, _PER_HOUR)),
        Figure(f"busiest {_STEPS * _STEP_SECONDS} s against the mean", ratio=f"{peak:.1f} x"),
        Figure(f"seconds without a call, of {len(settled) * _STEP_SECONDS}", ratio=_idle(settled)),
    )
    missed = reasons(
        f"a minute took {max(per_minute)} calls" if max(per_minute) > _SHARE * _PER_MINUTE else "",
        f"{per_hour:.0f} calls an hour" if per_hour > _SHARE * _PER_HOUR else "",
        f"the busiest {_STEPS * _STEP_SECONDS} s have {peak:.1f} x the mean"
        if peak > _EVEN
        else "",
    )
    goal = f"drift checks of 200 clusters within {_SHARE:.0%} of the rate limit, spread evenly"
    return Finding("G", goal, figures, missed, columns=("", "", "measured"))


def _calls_by_step(clusters: int, steps: int) -> list[int]:
    clock = ManualClock()
    slack, digitalocean = company.sandbox_slack(), company.sandbox_digitalocean(clusters)
    with tempfile.TemporaryDirectory(prefix="dbaccess-bench-") as folder, slack, digitalocean:
        settings = company.settings(slack, digitalocean, company.sqlite_url(Path(folder)))
        parts = build_components(settings, company.policy(clusters), clock)
        schema.upgrade(parts.database)
        ends = [clock.now() + timedelta(days=1)] * clusters
        seeding.add_grants(parts.database, ends, clusters=clusters, now=clock.now())
        seeding.add_rules(digitalocean, ends, clusters=clusters)
        worker = build_worker(parts, inline)
        worker.take_over()
        timetable = Timetable(worker, clock)
        calls = Counter[int]()
        for step in range(steps):
            before = len(digitalocean.calls)
            timetable.settle()
            calls[step] = len(digitalocean.calls) - before
            clock.advance(seconds=_STEP_SECONDS)
        worker.stop()
        parts.close()
    return [calls[step] for step in range(steps)]


def _share(calls: float, limit: int = _PER_MINUTE) -> str:
    return f"{calls:.0f} of {limit:,} ({calls / limit:.0%})"


def _idle(calls: list[int]) -> str:
    return f"{sum(not count for count in calls) * _STEP_SECONDS}"
