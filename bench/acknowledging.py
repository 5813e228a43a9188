"""Row A: how long `/dbaccess request …` takes to be acknowledged, over HTTP, with its commit."""

import statistics

from bench.arrivals import Typist, in_turns, open_loop
from bench.findings import Finding, Scale, p99, reasons, timing
from bench.processes import running_bare_bolt, running_bot, seconds_until_ready
from bench.stage import Stage, stage
from dbaccess_playground.faults import Fault
from tests.processes import Process

_CLUSTERS = 20
_PER_SECOND = 50
_GOAL_RATIO, _GOAL_SECONDS = 2.0, 0.3


def measure(scale: Scale) -> Finding:
    """Ask the bot and a bare Bolt app in turns; then 50 a second, with and without the APIs."""
    rounds, seconds = scale.pick(500, 10), scale.pick(60, 1)
    with (
        stage(_CLUSTERS) as place,
        running_bare_bolt(place) as yardstick,
        running_bot(place, _CLUSTERS) as process,
    ):
        seconds_until_ready(process, since=0)
        bare, ours = _typist(place, yardstick), _typist(place, process)
        taken = in_turns(
            {"bare": lambda: bare.types("help"), "ours": lambda: ours.request(_CLUSTERS)}, rounds
        )
        loads = {"bare Bolt": open_loop(lambda: bare.types("help"), **_load(seconds))}
        loads["dbaccess"] = open_loop(lambda: ours.request(_CLUSTERS), **_load(seconds))
        for api in (place.slack, place.digitalocean):
            api.faults.add(Fault.hang(times=None))
        hanging = "dbaccess, both APIs hanging"
        loads[hanging] = open_loop(lambda: ours.request(_CLUSTERS), **_load(seconds))
        bare.close()
        ours.close()
    ratio = statistics.median(taken["ours"]) / statistics.median(taken["bare"])
    figures = [
        timing("bare Bolt, one by one", taken["bare"]),
        timing("dbaccess, one by one", taken["ours"], ratio=f"{ratio:.2f} x"),
    ]
    unmet = [f"the median is {ratio:.2f} x a bare app's" if ratio > _GOAL_RATIO else ""]
    for name, (times, failed) in loads.items():
        figures.append(timing(f"{name}, {_PER_SECOND} a second for {seconds} s", times))
        if name.startswith("dbaccess") and (p99(times) > _GOAL_SECONDS or failed):
            unmet.append(f"{name}: p99 {p99(times) * 1000:.0f} ms, {failed} failed")
    goal = "acknowledged in 2 x a bare Bolt app's median, p99 under 300 ms at 50 a second"
    return Finding("A", goal, tuple(figures), reasons(*unmet))


def _load(seconds: int) -> dict[str, int]:
    return {"per_second": _PER_SECOND, "seconds": seconds}


def _typist(place: Stage, process: Process) -> Typist:
    return Typist(
        process.url(),
        place.slack.signing_secret,
        team_id=place.slack.team_id,
        root=place.slack.url,
    )
