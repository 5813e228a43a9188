"""Row Q: the same stories by `doctl` in a shell loop and by dbaccess: calls, and what is left.

The loop is the one that people write: append, sleep, remove, for each access in the background.
What `doctl` would call is replayed (`bench.doctl`), so that it need not be there. `bench.picture`
draws the README's picture of it.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bench import company
from bench.findings import Figure, Finding, Scale
from bench.processes import HOME, running_bot, seconds_until_ready
from bench.stage import Stage, stage
from dbaccess_playground.demo.company import ALICE, APPROVALS, GENERAL, RITA
from dbaccess_playground.slack.conversations import Message
from tests.processes import Process
from tests.waiting import eventually

_SECONDS = 15  # each access lasts that long
_PATIENCE_SECONDS = 30.0
DOCTL, DBACCESS = "`doctl` in a loop", "dbaccess"
UNDISTURBED, KILLED = "undisturbed", "killed in the middle"
_ADDRESSES = [f"203.0.113.{number}" for number in range(1, 6)]


@dataclass(frozen=True)
class Told:
    """How a story went: the calls, how late the last rule went, and which rules stayed."""

    calls: int
    late_seconds: float | None
    left: int


def measure(scale: Scale) -> Finding:
    """Play each story both ways."""
    del scale  # there is no shorter one
    told = {what: _told(play) for what, play in _STORIES.items()}
    figures = [
        Figure(what, f"{one.calls}", _late(one), f"{one.left}") for what, one in told.items()
    ]
    left = told[f"{DBACCESS}, {KILLED}"].left
    missed = f"{left} rules were left by dbaccess" if left else ""
    goal = (
        "of five accesses, no rule is left when dbaccess is killed (`doctl` in a loop leaves all)"
    )
    columns = ("calls", "last rule gone after its end", "rules left for ever")
    return Finding("Q", goal, tuple(figures), missed, columns=columns)


def _late(told: Told) -> str:
    return "never" if told.late_seconds is None else f"{told.late_seconds:.1f} s"


def _told(play: Callable[[Stage], float]) -> Told:
    """Play a story; it returns when the last access was to end, by the wall clock."""
    with stage(1) as place:
        ended_at = play(place)
        deadline = ended_at + _PATIENCE_SECONDS
        while _left(place) and time.time() < deadline:
            time.sleep(0.02)
        late = None if _left(place) else max(time.time() - ended_at, 0.0)
        return Told(len(place.digitalocean.calls), late, len(_left(place)))


def _left(place: Stage) -> set[str]:
    """Return which of the addresses are trusted."""
    trusted = place.digitalocean.sources(company.cluster_id(1))
    return {value for value in _ADDRESSES if f"ip_addr:{value}" in trusted}


def _doctl(place: Stage) -> float:
    return _looped(place, is_killed=False)


def _doctl_killed(place: Stage) -> float:
    return _looped(place, is_killed=True)


def _looped(place: Stage, *, is_killed: bool) -> float:
    """Run the loop to its end, or kill it with all that it has in the background."""
    doctl = f"{shlex.quote(sys.executable)} -m bench.doctl"
    cluster = company.cluster_id(1)
    lines = [
        f"{doctl} append {cluster} {address}; "
        f"(sleep {_SECONDS}; {doctl} remove {cluster} {address}) &"
        for address in _ADDRESSES
    ]
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": HOME,
        "DIGITALOCEAN_API_URL": place.digitalocean.url,
        "DIGITALOCEAN_ACCESS_TOKEN": place.digitalocean.token,
    }
    loop = subprocess.Popen(
        ["/bin/sh", "-c", "\n".join([*lines, "wait"])], env=env, start_new_session=True
    )
    eventually(lambda: len(_left(place)) == len(_ADDRESSES), seconds=_PATIENCE_SECONDS)
    ended_at = time.time() + _SECONDS
    if is_killed:
        os.killpg(loop.pid, signal.SIGKILL)
    loop.wait()
    return ended_at


def _dbaccess(place: Stage) -> float:
    with running_bot(place, 1) as process:
        ended_at = _opened(place, process)
        eventually(lambda: not _left(place), seconds=_PATIENCE_SECONDS)
        return ended_at


def _dbaccess_killed(place: Stage) -> float:
    with running_bot(place, 1) as process:
        ended_at = _opened(place, process)
        process.kill()
    with running_bot(place, 1):
        eventually(lambda: not _left(place), seconds=_PATIENCE_SECONDS)
    return ended_at


def _opened(place: Stage, process: Process) -> float:
    """Have all that is asked for approved, and wait until it is open."""
    seconds_until_ready(process, since=0)
    place.slack.bot_url = process.url()
    for number, address in enumerate(_ADDRESSES, start=1):
        text = f"request {address} {_SECONDS}s {company.alias(1)}"
        place.slack.command(RITA, text, channel_id=GENERAL)
        cards = eventually(partial(_cards, place, number))
        place.slack.click(ALICE, cards[-1], "Approve")
    eventually(lambda: len(_left(place)) == len(_ADDRESSES), seconds=_PATIENCE_SECONDS)
    return time.time() + _SECONDS


def _cards(place: Stage, number: int) -> list[Message] | None:
    cards = place.slack.messages(APPROVALS, replies=False)
    return cards if len(cards) == number else None


_STORIES = {
    f"{DOCTL}, {UNDISTURBED}": _doctl,
    f"{DBACCESS}, {UNDISTURBED}": _dbaccess,
    f"{DOCTL}, {KILLED}": _doctl_killed,
    f"{DBACCESS}, {KILLED}": _dbaccess_killed,
}
