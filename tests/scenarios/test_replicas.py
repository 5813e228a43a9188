"""A read replica has a firewall of its own, under an id of its own, and is a cluster like any."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.lifecycle import GrantState
from tests.scenarios.world import ALICE, ANALYTICS, IP, ORDERS, POLICY, RITA, World

Worlds = Callable[[dict[str, Any]], World]
TRUSTED = f"ip_addr:{IP}"
SHOP = "418230517"


@pytest.fixture(params=["known by its id", "known by its firewall alone"])
def world(worlds: Worlds, request: pytest.FixtureRequest) -> World:
    """A world with the cluster `orders` and its replica; what the API says of one is not known."""
    both = {"orders": {"id": ORDERS}, "orders-replica": {"id": ANALYTICS}}
    made = worlds({**POLICY, "clusters": both})
    if "alone" in request.param:
        made.digitalocean.make_replica(ANALYTICS)
    return made


def lend(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders-replica")
    world.presses(ALICE, world.card, "Approve")


def test_access_to_a_replica_opens_and_ends_there_and_nowhere_else(world: World) -> None:
    lend(world)

    assert TRUSTED in world.digitalocean.sources(ANALYTICS)
    assert TRUSTED not in world.digitalocean.sources(ORDERS)
    assert world.grant().state is GrantState.ACTIVE

    world.pass_time(hours=2)

    assert TRUSTED not in world.digitalocean.sources(ANALYTICS)
    assert world.grant().state is GrantState.ENDED


def test_p3_a_rule_that_a_replica_no_longer_takes_is_named(world: World) -> None:
    world.digitalocean.plant_rule(ANALYTICS, {"type": "droplet", "value": SHOP})
    lend(world)
    world.digitalocean.reject_source(f"droplet:{SHOP}", "invalid firewall rule")
    world.types(RITA, "revoke 1")
    for _ in range(8):
        world.pass_time(minutes=1)

    alarm = world.operators()[-1]
    assert f"droplet:{SHOP}" in alarm
    assert "rejects every change to this firewall" in alarm


def test_a_replica_that_is_gone_is_reported_as_gone(world: World) -> None:
    lend(world)
    world.digitalocean.remove_cluster(ANALYTICS)
    world.types(RITA, "revoke 1")
    for _ in range(8):
        world.pass_time(minutes=1)

    assert "has no database cluster" in world.operators()[-1]


def test_connect_says_where_the_host_is_if_the_api_does_not_show_it(world: World) -> None:
    page = world.answered_later(RITA, "connect orders-replica")

    assert "no such cluster" not in page
    if is_shown(world):
        assert "psql" in page
    else:
        assert "doesn't show the host of `orders-replica`" in page


def test_connect_says_of_a_cluster_that_is_gone_that_it_is_gone(world: World) -> None:
    world.digitalocean.remove_cluster(ANALYTICS)

    assert "no such cluster" in world.answered_later(RITA, "connect orders-replica")


def is_shown(world: World) -> bool:
    return any(one["id"] == ANALYTICS for one in world.digitalocean.resources("databases"))
