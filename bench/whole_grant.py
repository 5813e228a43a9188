"""Row L: every call of Slack and DigitalOcean that one grant costs, from the request to its end."""

from collections import Counter
from collections.abc import Callable, Iterable

from bench.findings import Figure, Finding, Scale, reasons
from bench.world import still_world
from tests.scenarios.world import ALICE, IP, RITA, World

_MOST = {"Slack": 12, "DigitalOcean": 10}  # each is named below; no fewer say and do the same


def measure(scale: Scale) -> Finding:
    """Ask, approve, let the warning come and the time pass; name what each call is for."""
    del scale  # it is quick enough as it is
    figures, sums = [], Counter[str]()
    with still_world() as world:
        for what, act in _steps(world).items():
            slack, digitalocean = len(world.slack.calls), len(world.digitalocean.calls)
            act()
            told = [call.method for call in world.slack.calls[slack:]]
            asked = [call.method for call in world.digitalocean.calls[digitalocean:]]
            sums["Slack"] += len(told)
            sums["DigitalOcean"] += len(asked)
            figures.append(Figure(what, _named(told), _named(asked)))
        gone = IP not in str(world.sources())
    total = Figure("all, for 20 minutes", *(f"{sums[api]}" for api in _MOST))
    missed = reasons(
        "" if gone else "the rule still stands",
        *(f"{count} calls of {api}" for api, count in sums.items() if count > _MOST[api]),
    )
    goal = "the calls of one grant, from the request to its end: Slack's, DigitalOcean's"
    columns = ("Slack", "DigitalOcean", "")
    return Finding("L", goal, (*figures, total), missed, columns=columns)


def _steps(world: World) -> dict[str, Callable[[], object]]:
    """Return what happens, with what the calls are for; drift checks come by the clock alone."""
    world.forget(RITA, ALICE)

    def drift() -> None:
        world.pass_time(minutes=1)
        world.pass_time(minutes=5)

    return {
        "request: who asks, the card, the answer": lambda: world.types(
            RITA, f"request {IP} 20m orders"
        ),
        "Approve: who decides and asked; read, write, read; card, holder, thread": lambda: (
            world.presses(ALICE, world.card, "Approve")
        ),
        "two looks after the write, one drift check": drift,
        "warning before the end: holder and thread": lambda: world.pass_time(minutes=4),
        "drift checks until the end": lambda: world.pass_time(minutes=5),
        "end: read, write, read; holder and thread": lambda: world.pass_time(minutes=5),
    }


def _named(methods: Iterable[str]) -> str:
    counted = Counter(methods)
    return ", ".join(f"{count} {name}" for name, count in counted.items()) or "none"
