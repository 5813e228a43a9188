"""Row I: the memory of `serve` while it answers 10,000 requests."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bench.arrivals import Typist
from bench.findings import Figure, Finding, Scale, reasons
from bench.processes import resident_megabytes, running_bot, seconds_until_ready
from bench.stage import stage

_CLUSTERS = 20
_AT_ONCE = 4
_MOST_MEGABYTES = 150
_MOST_GROWTH = 1.05
_TYPED = ("list", "help", "list", "help", "request")


def measure(scale: Scale) -> Finding:
    """Let people look and ask; weigh the process after each tenth of it."""
    part = scale.pick(1_000, 20)
    weights = []
    with stage(_CLUSTERS) as place, running_bot(place, _CLUSTERS) as process:
        seconds_until_ready(process, since=0)
        secret, team = place.slack.signing_secret, place.slack.team_id
        typist = Typist(process.url(), secret, team_id=team, root=place.slack.url)
        at_start = resident_megabytes(process)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in range(10):
                list(pool.map(partial(_one, typist), range(part)))
                weights.append(resident_megabytes(process))
        typist.close()
    growth = weights[-1] / weights[4]
    figures = (
        Figure("at the start", f"{at_start:.0f} MB"),
        Figure(f"after {part:,}, 2 x {part:,}, …", ", ".join(f"{w:.0f}" for w in weights) + " MB"),
        Figure("growth over the second half", ratio=f"{growth:.2f} x"),
    )
    missed = reasons(
        f"it took {weights[-1]:.0f} MB" if weights[-1] > _MOST_MEGABYTES else "",
        f"it grew {growth:.2f} x over the second half" if growth > _MOST_GROWTH else "",
    )
    goal = f"flat after 10,000 requests, and under {_MOST_MEGABYTES} MB"
    return Finding("I", goal, figures, missed)


def _one(typist: Typist, number: int) -> None:
    text = _TYPED[number % len(_TYPED)]
    if text == "request":
        typist.request(_CLUSTERS)
    else:
        typist.types(text)
