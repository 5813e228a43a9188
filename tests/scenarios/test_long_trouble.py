"""Trouble that lasts: for days, or for a cluster that nobody looks after any more."""

import pytest

from dbaccess_playground.calls import Call
from dbaccess_playground.faults import Fault
from tests.scenarios.world import ALICE, ANALYTICS, IP, OFFICE, ORDERS, POLICY, RITA, World, policy


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


def test_p2_the_guard_rule_is_told_of_though_its_read_back_failed(world: World) -> None:
    world.granted()
    world.pass_time(minutes=2)
    for kind, value in (("ip_addr", "198.51.100.7"), ("tag", "backend")):
        world.digitalocean.remove_rule(ORDERS, kind, value)

    def fail_the_read_back(heard: object) -> None:
        if isinstance(heard, Call) and heard.method == "PUT":
            world.digitalocean.faults.add(Fault.status(500, method="GET", times=3))

    stop = world.digitalocean.subscribe(fail_the_read_back)
    world.pass_time(hours=2)
    stop()
    world.pass_time(seconds=5)
    assert world.sources() == {"ip_addr:192.0.2.1"}
    assert sum("guard rule" in said for said in world.operators()) == 1
    assert not world.digitalocean.ever_empty(ORDERS)


def test_a_cluster_that_was_made_anew_under_its_old_name_is_another_one(world: World) -> None:
    world.digitalocean.remove_cluster(ORDERS)
    anew = world.digitalocean.add_cluster("orders", rules=[OFFICE])
    world.govern(policy({"orders": {"id": anew}}))
    for _ in range(5):
        world.pass_time(hours=1)
    world.granted(f"request {IP} 1h orders")
    assert f"ip_addr:{IP}" in world.digitalocean.sources(anew)
    assert world.operators() == []


def test_a_grant_of_a_cluster_that_was_deleted_can_be_closed(world: World) -> None:
    world.granted()
    world.digitalocean.remove_cluster(ORDERS)
    world.pass_time(hours=3)
    assert world.grant().state == "removing"
    world.service.components.access.close_for_gone_cluster(1, actor="operator")
    world.settle()
    assert world.grant().state == "ended"
    assert "ended" in world.told(RITA)[-1]


def test_a_fault_of_ours_waits_its_turn_and_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.types(RITA, f"request {IP} 1h orders")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("bot.reconcile.planning.plan", broken)
    with pytest.raises(RuntimeError):
        world.presses(ALICE, world.card, "Approve")
    world.settle()  # nothing is tried again at once
    monkeypatch.undo()
    world.pass_time(seconds=5)
    assert world.grant().state == "active"


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
