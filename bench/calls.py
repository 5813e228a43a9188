"""Row B: the API calls that one approved grant costs, from the click until it is active."""

from bench.findings import Figure, Finding, Scale, reasons
from bench.world import methods, still_world
from bot.domain.lifecycle import GrantState
from tests.scenarios.world import ALICE, IP, RITA

_SHORTEST = ["GET", "PUT", "GET"]
_DRIFT_SECONDS = 300


def measure(scale: Scale) -> Finding:
    """Ask, approve, and count; then let the time until the next drift checks pass."""
    del scale  # it is quick enough as it is
    with still_world() as world:
        world.types(RITA, f"request {IP} 2h orders")
        before = len(world.digitalocean.calls)
        world.presses(ALICE, world.card, "Approve")
        to_active = methods(world, since=before)
        active = world.grant().state is GrantState.ACTIVE
        looks = []
        for seconds in (30, 25, _DRIFT_SECONDS - 55, _DRIFT_SECONDS):
            counted = len(world.digitalocean.calls)
            world.pass_time(seconds=seconds)
            looks.append(len(methods(world, since=counted)))
    missed = reasons(
        "" if active else "the grant did not become active",
        "" if to_active == _SHORTEST else f"the calls were {', '.join(to_active)}",
    )
    figures = (
        Figure(f"click to active: {', '.join(to_active)}", ratio=f"{len(to_active)}"),
        Figure("looks after the write, by 30 s and by 55 s", ratio=f"{looks[0]} + {looks[1]}"),
        Figure("then, in each of two drift periods", ratio=f"{looks[2]} and {looks[3]}"),
    )
    goal = "3 API calls from the click to an active grant"
    return Finding("B", goal, figures, missed, columns=("", "", "calls"))
