"""Row I: resident memory: of each role at its start, of `serve` after 10,000 requests, too."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bench.arrivals import Typist
from bench.findings import Figure, Finding, Scale, reasons
from bench.processes import resident_megabytes, running_bot, seconds_until_ready
from bench.stage import Stage, stage
from tests.waiting import eventually

_CLUSTERS = 20
_AT_ONCE = 4
_MOST_MEGABYTES = 120
_MOST_AT_START = {"serve": 110, "web": 80, "worker": 110}
_MOST_GROWTH = 1.05
_LIBRARIES_OF_WEB = (
    "flask, prometheus_client, pydantic_settings, slack_bolt, sqlalchemy.dialects.postgresql, "
    "sqlalchemy.dialects.sqlite, sqlmodel, structlog, tenacity, typer, urllib3, waitress"
)
_PAGES = "int(open('/proc/self/statm').read().split()[1]) * __import__('resource').getpagesize()"
_TYPED = ("list", "help", "list", "help", "request")


def measure(scale: Scale) -> Finding:
    """Weigh each role; then let people look and ask, and weigh after each tenth of it."""
    part = scale.pick(1_000, 20)
    with stage(_CLUSTERS) as place:
        at_start = {role: _at_start(place, role) for role in _MOST_AT_START}
        weights = _meanwhile(place, part)
    growth = weights[-1] / weights[4]
    figures = (
        *(
            Figure(f"`{role}` at its start", f"{weight:.0f} MB")
            for role, weight in at_start.items()
        ),
        Figure("the libraries of `web`, imported and nothing else", f"{_imported():.0f} MB"),
        Figure(
            "the same with DigitalOcean's, `pydo`",
            f"{_imported('azure.core.pipeline, pydo'):.0f} MB",
        ),
        Figure(
            f"`serve` after {part:,}, 2 x {part:,}, …",
            ", ".join(f"{weight:.0f}" for weight in weights) + " MB",
        ),
        Figure("growth over the second half", ratio=f"{growth:.2f} x"),
    )
    missed = reasons(
        *(
            f"`{role}` starts with {weight:.0f} MB"
            for role, weight in at_start.items()
            if weight > _MOST_AT_START[role]
        ),
        f"it took {weights[-1]:.0f} MB" if weights[-1] > _MOST_MEGABYTES else "",
        f"it grew {growth:.2f} x over the second half" if growth > _MOST_GROWTH else "",
    )
    starts = ", ".join(f"{role} {most}" for role, most in _MOST_AT_START.items())
    goal = f"MB at start: {starts}; {_MOST_MEGABYTES} after 10,000 requests, and flat"
    return Finding("I", goal, figures, missed, columns=("memory", "", "ratio"))


def _at_start(place: Stage, role: str) -> float:
    """Weigh a process that has checked itself, by calls to Slack and DigitalOcean among others."""
    with running_bot(place, _CLUSTERS, role) as process:
        eventually(lambda: process.said("start checked"), seconds=120)
        return resident_megabytes(process)


def _imported(more: str = "sys") -> float:
    code = f"import {_LIBRARIES_OF_WEB}, {more}; print({_PAGES})"
    return int(subprocess.check_output([sys.executable, "-c", code], text=True)) / 1024**2


def _meanwhile(place: Stage, part: int) -> list[float]:
    weights = []
    with running_bot(place, _CLUSTERS) as process:
        seconds_until_ready(process, since=0)
        secret, team = place.slack.signing_secret, place.slack.team_id
        typist = Typist(process.url(), secret, team_id=team, root=place.slack.url)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in range(10):
                list(pool.map(partial(_one, typist), range(part)))
                weights.append(resident_megabytes(process))
        typist.close()
    return weights


def _one(typist: Typist, number: int) -> None:
    text = _TYPED[number % len(_TYPED)]
    if text == "request":
        typist.request(_CLUSTERS)
    else:
        typist.types(text)
