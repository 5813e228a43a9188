"""Row H: a restart with 10,000 live grants, until it says that it is ready."""

import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from bench import seeding
from bench.findings import Finding, Scale, reasons, timing
from bench.processes import running_bot, seconds_until_ready
from bench.stage import databases, stage

_GOAL_SECONDS = 5.0


def measure(scale: Scale) -> Finding:
    """Start `serve` again and again on the same rows."""
    live, clusters, times = scale.pick(10_000, 100), scale.pick(200, 5), scale.pick(5, 1)
    figures, unmet = [], []
    now = datetime.now(UTC)
    ends = [now + timedelta(hours=3, seconds=n) for n in range(live)]
    with databases() as makers:
        for name, make in makers.items():
            with (
                tempfile.TemporaryDirectory(prefix="dbaccess-bench-") as folder,
                stage(clusters, url=make(Path(folder))) as place,
            ):
                seeding.add_grants(place.database, ends, clusters=clusters, now=now)
                seeding.add_rules(place.digitalocean, ends, clusters=clusters)
                taken = []
                for _ in range(times):
                    began = perf_counter()
                    with running_bot(place, clusters) as process:
                        taken.append(seconds_until_ready(process, since=began))
            median = statistics.median(taken)
            figures.append(timing(f"{name}: start to ready, {live:,} live grants", taken))
            unmet.append(f"{name}: {median:.1f} s" if median > _GOAL_SECONDS else "")
    goal = f"ready within {_GOAL_SECONDS:.0f} s of a restart with 10,000 live grants"
    return Finding("H", goal, tuple(figures), reasons(*unmet))
