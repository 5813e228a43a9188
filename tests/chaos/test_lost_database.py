"""The database is lost while many have access: all that bears our label is found again (P7)."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.domain.labels import label
from bot.domain.lifecycle import GrantState
from tests.scenarios.world import (
    ALICE,
    ANALYTICS,
    OPERATIONS,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)
from tests.storage import Storage

THIRD = "3c3d8f07-8a34-4d1f-8f0e-5a2b1c0d9e77"
CLUSTERS = {"orders": ORDERS, "analytics": ANALYTICS, "billing": THIRD}
OFFICE = {"type": "ip_addr", "value": "198.51.100.7", "description": "office"}
MANY = 20
WRITTEN = {"requesters": ["*"], "sources": ["203.0.113.0/24"], "max_duration": "2h"}
AWAY = timedelta(minutes=45)  # by then, those of half an hour are past their time


def address(number: int) -> str:
    return f"ip_addr:203.0.113.{number}"


def sources(world: World) -> set[str]:
    """What of ours is trusted, and where."""
    return {
        f"{alias} {source}"
        for alias, cluster in CLUSTERS.items()
        for source in world.sources(cluster)
        if "203.0.113." in source
    }


@pytest.fixture
def world(storage: Storage) -> Iterator[World]:
    """Twenty grants over three clusters: the even ones for half an hour, the odd ones for two."""
    known = {
        alias: {"id": cluster, "auto_approve": [WRITTEN]} for alias, cluster in CLUSTERS.items()
    }
    with World(storage, policy(known)) as made:
        made.digitalocean.add_cluster("billing", cluster_id=THIRD, rules=[OFFICE])
        made.pass_time(minutes=1)
        for number in range(1, MANY + 1):
            alias, lasting = list(CLUSTERS)[number % 3], "30m" if number % 2 == 0 else "2h"
            ask = f"request 203.0.113.{number} {lasting} {alias}"
            made.types(RITA if number % 4 else OSCAR, ask)
            made.clock.advance(seconds=3)
        assert len(sources(made)) == MANY
        yield made
        assert made.slack.problems == []
        assert not any(made.digitalocean.ever_empty(cluster) for cluster in CLUSTERS.values())


def test_all_labelled_rules_are_found_again_and_go_in_time(world: World) -> None:
    odd = {grant.id: grant for grant in world.grants() if grant.id % 2}
    others = str(label("staging", 3, world.clock.now() + timedelta(hours=1)))
    theirs = world.digitalocean.add_rule(ORDERS, "ip_addr", "203.0.113.99", others)
    foreign = [rule for rule in world.digitalocean.rules(THIRD) if rule["value"] == OFFICE["value"]]

    world.lose_database(seconds=AWAY.total_seconds())

    assert sources(world) - {"orders ip_addr:203.0.113.99"} == {
        f"{grant.cluster} {address(number)}" for number, grant in odd.items()
    }
    for number, before in odd.items():
        again = world.grant(number)
        assert again.state is GrantState.ACTIVE
        assert (again.source, again.expires_at) == (before.source, before.expires_at)
    listed = "\n".join(world.operators())
    named = set(re.findall(r"203\.0\.113\.(\d+)", listed))
    assert named >= {str(number) for number in range(1, MANY + 1)}
    assert len(world.slack.messages(OPERATIONS)) == 3, "one list for each cluster"

    for before in sorted(odd.values(), key=lambda grant: grant.expires_at):
        left = before.expires_at - world.clock.now()
        world.pass_time(seconds=left.total_seconds() - 1)
        assert address(before.id) in world.sources(before.cluster_id)
        world.pass_time(seconds=1)
        assert address(before.id) not in world.sources(before.cluster_id)
    assert sources(world) == {"orders ip_addr:203.0.113.99"}
    assert theirs in world.digitalocean.rules(ORDERS)
    assert foreign == world.digitalocean.rules(THIRD)


def test_a_rule_without_its_label_is_nobodys_after_the_loss_and_can_be_adopted(
    world: World,
) -> None:
    world.digitalocean.doctl_append(ORDERS, "ip_addr", "198.51.100.40")
    dropped = {s for s in world.sources(ORDERS) if "203.0.113." in s}

    world.lose_database(seconds=AWAY.total_seconds())
    world.pass_time(hours=3)

    assert dropped <= world.sources(ORDERS), "foreign now: what nobody can name is left alone"
    assert not [grant for grant in world.grants() if grant.cluster == "orders"]
    for source in dropped:
        world.adopts(ALICE, f"adopt orders {source.removeprefix('ip_addr:')} 1h")
    world.pass_time(hours=1)
    assert not dropped & world.sources(ORDERS)


def test_a_card_from_before_the_loss_decides_nothing_else(world: World) -> None:
    """The numbers begin anew, so an old card may bear the number of another request (P4)."""
    world.types(RITA, "request 198.51.100.50 30m orders")
    old = world.card
    world.lose_database(seconds=AWAY.total_seconds())
    for number in (60, 61):
        world.types(OSCAR, f"request 198.51.100.{number} 30m orders")
    assert [request.source.value for request in (world.request(MANY), world.request(MANY + 1))] == [
        "198.51.100.60",
        "198.51.100.61",
    ], "above those found again, and one of them has the number of Rita's"

    world.presses(ALICE, old, "Approve")
    world.slack.click(ALICE, old, "approve_for", value="Approve for 5m")
    world.settle()
    world.denies(ALICE, old, "who are you?")

    assert "ip_addr:198.51.100.61" not in world.sources()
    assert world.request(MANY + 1).state == "pending"
    assert ["too old" in told for told in world.whispered(ALICE)] == [True, True, True]
    world.presses(ALICE, world.card, "Approve")
    assert "ip_addr:198.51.100.61" in world.sources()
