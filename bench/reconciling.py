"""Row P: what one reconcile takes: statements, and processor time of the thread that does it."""

import statistics
from collections import Counter
from collections.abc import Callable
from time import thread_time

from bench.findings import Figure, Finding, Scale, milliseconds, reasons
from bench.seeding import address
from bench.statements import statements
from bench.world import still_world
from tests.scenarios.world import ALICE, ORDERS, RITA, World

_MOST = {"opens access": 15, "ends it": 13, "finds nothing": 4}
_WARM = 3  # the first ones compose their statements


def measure(scale: Scale) -> Finding:
    """Have access opened and ended again and again, on SQLite, and reconcile once for nothing."""
    rounds = scale.pick(30, 2)
    sent: dict[str, list[str]] = {}
    taken: dict[str, list[float]] = {}
    with still_world() as world:
        for number in range(1, rounds + _WARM + 1):
            for what, prepare in _steps(world, number).items():
                prepare()
                with statements(world.service.components.database) as found:
                    began = thread_time()
                    world.service.components.reconciler.reconcile(ORDERS)
                    taken.setdefault(what, []).append(thread_time() - began)
                sent[what] = found
                world.settle()
    figures = [
        Figure(
            what,
            f"{len(sent[what])}",
            milliseconds(statistics.median(seconds[_WARM:])),
            ", ".join(f"{count} {name}" for name, count in Counter(sent[what]).items()),
        )
        for what, seconds in taken.items()
    ]
    missed = reasons(
        *(
            f"{what}: {len(found)} statements" if len(found) > _MOST[what] else ""
            for what, found in sent.items()
        )
    )
    goal = "a reconcile that opens, ends, finds nothing: 15, 13, 4 statements (they were 20, 16, 7)"
    columns = ("statements", "processor time", "of them")
    return Finding("P", goal, tuple(figures), missed, columns=columns)


def _steps(world: World, number: int) -> dict[str, Callable[[], object]]:
    """Return what comes before each reconcile, up to the moment at which a worker claims it."""

    def approve() -> None:
        world.types(RITA, f"request {address(number)} 30m orders")
        world.slack.click(ALICE, world.card, "Approve")
        world.worker.run_periodic_job("command_queue")

    def let_end() -> None:
        world.pass_time(minutes=29)
        world.clock.advance(minutes=1)
        world.worker.run_periodic_job("expiry")

    return {
        "opens access": approve,
        "ends it": let_end,
        "finds nothing": lambda: world.pass_time(minutes=5),
    }
