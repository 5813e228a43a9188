"""Row D: from the click to the rule, where each call of the API takes 200 ms."""

import statistics
from time import perf_counter

from bench.company import alias
from bench.findings import Finding, Scale, reasons, timing
from bench.seeding import address
from bench.stage import Stage, Written, serving, stage
from dbaccess_playground.demo.company import ALICE, APPROVALS, GENERAL, RITA
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.conversations import Message

_API_SECONDS = 0.2
_LONGEST_SECONDS = 30.0
_GOAL = 1.08


def measure(scale: Scale) -> Finding:
    """Let Rita ask and Alice approve, again and again; a read and a write cannot be avoided."""
    count = scale.pick(50, 3)
    typed, applied = _measure(count, _API_SECONDS)
    _, at_once = _measure(count, 0.0)
    ratio = statistics.median(applied) / (2 * _API_SECONDS)
    figures = (
        timing("click to rule, API 200 ms a call", applied, ratio=f"{ratio:.2f} x two calls"),
        timing("click to rule, API at once", at_once),
        timing("typing to acknowledgement meanwhile", typed),
    )
    missed = "" if ratio <= _GOAL else f"the median is {ratio:.2f} x the two calls"
    goal = f"click to rule in at most {_GOAL} x the two calls it cannot avoid"
    return Finding("D", goal, figures, reasons(missed))


def _measure(count: int, api_seconds: float) -> tuple[list[float], list[float]]:
    typed, applied = [], []
    with stage(count) as place, serving(place, count):
        place.slack.wait_until(lambda: len(place.digitalocean.calls) >= count)
        if api_seconds:
            place.digitalocean.faults.add(Fault.slow(api_seconds, times=None))
        written = Written(place.digitalocean)
        for number in range(1, count + 1):
            text = f"request {address(number)} 20m {alias(number)}"
            typed.append(place.slack.command(RITA, text, channel_id=GENERAL).seconds)
            card = _card(place, number)
            written.event.clear()
            began = perf_counter()
            place.slack.click(ALICE, card, "Approve")
            written.event.wait(_LONGEST_SECONDS)
            applied.append(perf_counter() - began)
            _wait_until_told(place, number)
    return typed, applied


def _card(place: Stage, number: int) -> Message:
    place.slack.wait_until(lambda: len(place.slack.messages(APPROVALS, replies=False)) == number)
    return place.slack.messages(APPROVALS, replies=False)[-1]


def _wait_until_told(place: Stage, times: int) -> None:
    """Rita is told once of each request, when it works."""
    place.slack.wait_until(lambda: len(place.slack.dms(RITA)) == times)
