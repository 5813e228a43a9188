"""The bot in processes of its own, and what they weigh."""

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import urllib3

import bot
from bench import company
from bench.stage import Stage
from tests.processes import DBACCESS, Process
from tests.waiting import eventually

HOME = str(Path(bot.__file__).parent.parent)


@contextmanager
def running(
    command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None
) -> Iterator[Process]:
    """Start a process, and stop it in the end."""
    like_the_image = {"MALLOC_ARENA_MAX": "2"}  # as the Dockerfile and the systemd unit set it
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": HOME, **like_the_image, **(more or {})}
    process = Process(command, folder, env, warm=False)  # its start and its memory are measured
    try:
        yield process
    finally:
        if process.lives:
            process.kill()


@contextmanager
def running_bot(
    place: Stage, clusters: int, role: str = "serve", **scheduler: Any
) -> Iterator[Process]:
    """Start `dbaccess serve` (or another role) on a stage."""
    written = company.written_policy(clusters, **scheduler)
    (place.folder / "dbaccess.toml").write_text(company.as_toml(written), encoding="utf-8")
    env = company.environment(place.slack, place.digitalocean, place.url)
    with running([*DBACCESS, role], place.folder, env) as process:
        yield process


@contextmanager
def running_bare_bolt(place: Stage, *, commits: bool = False) -> Iterator[Process]:
    """Start the yardstick, which *commits* a row before it acknowledges or does nothing."""
    command = [sys.executable, "-m", "bench.bare_bolt", place.slack.signing_secret]
    command += [str(place.folder / "bare.db")] if commits else []
    with running(command, place.folder) as process:
        yield process


def seconds_until_ready(process: Process, *, since: float) -> float:
    """Wait until it says that it is ready; return how long that took."""
    url = process.url()
    pool = urllib3.PoolManager(retries=False)
    eventually(lambda: pool.request("GET", f"{url}/readyz", timeout=5).status == 200, seconds=120)
    return perf_counter() - since


def resident_megabytes(process: Process) -> float:
    """Return how much memory a process has now."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def processor_seconds(process: Process) -> float:
    """Return how much processor time a process has used in all its threads."""
    stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
