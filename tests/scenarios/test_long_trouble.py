"""Trouble that lasts: for days, or for a cluster that nobody looks after any more."""

from bot.sandbox.faults import Fault
from tests.scenarios.world import ANALYTICS, ORDERS, POLICY, World, policy


def test_p3_an_end_that_is_held_up_for_days_comes_when_it_can(world: World) -> None:
    world.granted()
    world.digitalocean.faults.add(Fault.status(404, times=None, target=ORDERS))
    world.pass_time(hours=3)
    for _ in range(60):
        world.pass_time(hours=1)
    assert len(world.operators()) > 50
    world.digitalocean.faults.clear()
    world.pass_time(hours=1)
    assert world.grant().state == "ended"


def test_a_cluster_that_left_the_policy_and_holds_nothing_of_ours_is_left_alone(
    world: World,
) -> None:
    world.govern(policy({"orders": {"id": ORDERS}, "analytics": {"id": ANALYTICS}}))
    world.digitalocean.remove_cluster(ANALYTICS)
    for _ in range(10):
        world.pass_time(minutes=10)
    told = len(world.operators())
    assert told
    world.govern(POLICY)
    calls = len(world.digitalocean.calls)
    for _ in range(10):
        world.pass_time(minutes=10)
    assert len(world.operators()) == told
    assert not any(ANALYTICS in call.path for call in world.digitalocean.calls[calls + 1 :])
