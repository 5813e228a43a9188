"""Row A: how long `/dbaccess request …` takes to be acknowledged, over HTTP, with its commit."""

import statistics
from collections.abc import Callable

from bench.arrivals import Typist, in_turns, open_loop
from bench.findings import Figure, Finding, Scale, milliseconds, p99, reasons, timing
from bench.processes import (
    processor_seconds,
    running_bare_bolt,
    running_bot,
    seconds_until_ready,
)
from bench.seeding import PEOPLE, person
from bench.stage import Stage, stage
from bench.statements import statements
from bench.world import still_world
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.dispatch import Answer
from tests.processes import Process
from tests.scenarios.world import IP, RITA

_CLUSTERS = 20
_PER_SECOND = 50
_RATES = (75, 100, 150, 200)
_GOAL_RATIO, _GOAL_SECONDS, _TOO_SLOW_SECONDS = 3.0, 0.05, 0.3


def measure(scale: Scale) -> Finding:
    """Ask the bot and two bare Bolt apps in turns; then 50 a second; then more and more."""
    rounds, seconds = scale.pick(500, 10), scale.pick(60, 1)
    with (
        stage(_CLUSTERS) as place,
        running_bare_bolt(place) as bare,
        running_bare_bolt(place, commits=True) as committing,
        running_bot(place, _CLUSTERS) as process,
    ):
        seconds_until_ready(process, since=0)
        typists = {p: _typist(place, p) for p in (bare, committing, process)}
        ours = typists[process]
        _introduce(place, ours, scale.pick(PEOPLE, 5))
        senders: dict[str, Callable[[], Answer]] = {
            "bare Bolt": lambda: typists[bare].types("help"),
            "bare Bolt with a commit": lambda: typists[committing].types("request"),
            "dbaccess": lambda: ours.request(_CLUSTERS),
        }
        taken = in_turns(senders, rounds)
        loads = {name: open_loop(send, **_load(seconds)) for name, send in senders.items()}
        worked = _processor_time(committing, process, senders, rounds)
        fast = _fastest(senders["dbaccess"], seconds)
        for api in (place.slack, place.digitalocean):
            api.faults.add(Fault.hang(times=None))
        hanging = "dbaccess, both APIs hanging"
        loads[hanging] = open_loop(senders["dbaccess"], **_load(seconds))
        for typist in typists.values():
            typist.close()
    medians = {name: statistics.median(times) for name, times in taken.items()}
    ratio = medians["dbaccess"] / medians["bare Bolt with a commit"]
    unmet = [
        f"the median is {ratio:.2f} x a bare app's that commits" if ratio > _GOAL_RATIO else ""
    ]
    figures = [
        timing(f"{name}, one by one", times, ratio=f"{medians[name] / medians['bare Bolt']:.2f} x")
        for name, times in taken.items()
    ]
    for name, (times, failed) in loads.items():
        figures.append(timing(f"{name}, {_PER_SECOND} a second for {seconds} s", times))
        if name.startswith("dbaccess") and (p99(times) > _GOAL_SECONDS or failed):
            unmet.append(f"{name}: p99 {p99(times) * 1000:.0f} ms, {failed} failed")
    figures += [
        Figure("dbaccess beside the bare app that commits", ratio=f"{ratio:.2f} x"),
        Figure("the most a second with a p99 within 300 ms", ratio=f"{fast}"),
        Figure("processor time of the bare app that commits; of dbaccess, card and all", *worked),
        Figure("statements of an acknowledgement", ratio=_statements()),
    ]
    goal = "acknowledged in 3 x a bare Bolt app that commits; p99 within 50 ms at 50 a second"
    return Finding("A", goal, tuple(figures), reasons(*unmet))


def _introduce(place: Stage, typist: Typist, people: int) -> None:
    """Have Slack know everybody, and the bot everybody from what they did a moment before."""
    for number in range(PEOPLE):
        place.slack.add_user(person(number), f"person-{number}")
    for number in range(people):
        typist.types("list", number)


def _fastest(send: Callable[[], Answer], seconds: int) -> int:
    """Return the highest rate at which 99 of 100 are acknowledged in time."""
    fast = _PER_SECOND
    for rate in _RATES:
        times, failed = open_loop(send, per_second=rate, seconds=seconds / 4)
        if failed or p99(times) > _TOO_SLOW_SECONDS:
            break
        fast = rate
    return fast


def _processor_time(
    bare: Process, ours: Process, senders: dict[str, Callable[[], Answer]], rounds: int
) -> tuple[str, str, str]:
    """Return what an acknowledgement costs each process, and the ratio."""
    spent = []
    for process, name in ((bare, "bare Bolt with a commit"), (ours, "dbaccess")):
        before = processor_seconds(process)
        for _ in range(rounds):
            senders[name]()
        spent.append((processor_seconds(process) - before) / rounds)
    return milliseconds(spent[0]), milliseconds(spent[1]), f"{spent[1] / spent[0]:.1f} x"


def _statements() -> str:
    """Count those of one request and of one that waits for Slack."""
    counts = []
    with still_world() as world:
        database = world.service.components.database
        for forgotten in ((), (RITA,)):
            world.forget(*forgotten)
            with statements(database) as sent:
                world.slack.command(RITA, f"request {IP} 2h orders", channel_id="C0GENERAL")
            counts.append(len(sent))
    return f"{counts[0]}; {counts[1]} where Slack has to be asked"


def _load(seconds: int) -> dict[str, int]:
    return {"per_second": _PER_SECOND, "seconds": seconds}


def _typist(place: Stage, process: Process) -> Typist:
    return Typist(
        process.url(),
        place.slack.signing_secret,
        team_id=place.slack.team_id,
        root=place.slack.url,
    )
