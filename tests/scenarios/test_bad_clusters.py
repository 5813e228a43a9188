"""Clusters that do not answer: they cost the others no time, however many there are."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from bot.store import clusters
from dbaccess_playground.faults import Fault
from tests.scenarios.world import ALICE, IP, ORDERS, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]
TRUSTED = f"ip_addr:{IP}"
OFFICE = {"type": "ip_addr", "value": "198.51.100.7"}
PROMPT_SECONDS = 12.0  # the client gives up a call after 15: by then, nobody waited for that


def bad_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def world_with(worlds: Worlds, bad: int) -> World:
    """Return a world of `orders` and so many other clusters, all of them well."""
    others = {f"bad{number}": {"id": bad_id(number)} for number in range(bad)}
    world = worlds(policy({"orders": {"id": ORDERS}, **others}))
    for number in range(bad):
        world.digitalocean.add_cluster(f"bad{number}", cluster_id=bad_id(number), rules=[OFFICE])
    world.pass_time(minutes=1)
    assert failing(world) == 0
    return world


def failing(world: World) -> int:
    """How many clusters failed last time."""
    with world.service.components.database.reading() as session:
        return sum(watch.failures > 0 for watch in clusters.all_of(session))


def break_down(world: World, fault: Callable[..., Fault]) -> None:
    """Let all calls for the bad clusters go wrong from now on."""
    world.digitalocean.faults.clear()
    world.digitalocean.faults.add(fault(target=bad_id(0)[:-12], times=None))


def lend(world: World) -> float:
    """Let Rita ask and Alice approve; return how many real seconds it took to work."""
    world.slack.command(RITA, f"request {IP} 1h orders", channel_id="C0GENERAL")
    world.eventually(lambda: world.slack.messages("C0APPROVALS"))
    began = monotonic()
    world.slack.click(ALICE, world.card, "Approve")
    world.eventually(lambda: TRUSTED in world.sources(), seconds=PROMPT_SECONDS)
    world.eventually(lambda: world.grant().state == "active")
    return monotonic() - began


def end(world: World) -> float:
    """Let the hour pass; return how many real seconds it took until the rule was gone."""
    began = monotonic()
    world.clock.advance(hours=1)
    world.worker.wake()
    world.eventually(lambda: TRUSTED not in world.sources(), seconds=PROMPT_SECONDS)
    return monotonic() - began


def test_twelve_clusters_that_begin_to_hang_at_once_hold_up_no_other(worlds: Worlds) -> None:
    world = world_with(worlds, 12)
    break_down(world, Fault.hang)
    world.worker.take_over()  # all of them are due
    with world.at_work():
        world.eventually(lambda: world.digitalocean.faults.hanging == 4)  # all that may look
        assert lend(world) < PROMPT_SECONDS
        assert end(world) < PROMPT_SECONDS


def test_any_number_of_clusters_that_hang_again_and_again_hold_up_no_other(worlds: Worlds) -> None:
    world = world_with(worlds, 40)
    break_down(world, lambda **aim: Fault.status(404, **aim))
    world.pass_time(hours=1)
    assert failing(world) == 40
    break_down(world, Fault.hang)
    world.clock.advance(minutes=6)
    with world.at_work():
        world.eventually(lambda: world.digitalocean.faults.hanging == 8)
        assert lend(world) < PROMPT_SECONDS
        assert end(world) < PROMPT_SECONDS
        alarmed = world.eventually(world.operators)
        assert "bad" in alarmed[0], "the alarm does not wait for those that hang either"

        world.digitalocean.faults.clear()
        world.clock.advance(minutes=1)
        world.worker.wake()
        world.eventually(lambda: failing(world) == 0)


def test_clusters_in_trouble_all_get_their_turn(worlds: Worlds) -> None:
    world = world_with(worlds, 20)
    break_down(world, lambda **aim: Fault.status(404, **aim))
    world.pass_time(hours=1)
    tried = len(world.digitalocean.calls)
    for _ in range(3):
        world.pass_time(minutes=2)
    paths = [call.path for call in world.digitalocean.calls[tried:] if "4000" in call.path]
    assert {paths.count(path) for path in paths} == {3}, "each is tried as often as the others"
    assert len(set(paths)) == 20
