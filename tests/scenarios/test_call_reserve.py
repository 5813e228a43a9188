"""P3: ends have calls of their own, which no page, form, look or start can spend."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from dbaccess_playground.faults import Fault
from tests.scenarios.world import (
    ALICE,
    BOB,
    IP,
    OFFICE,
    OPERATIONS,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]
TRUSTED = f"ip_addr:{IP}"
OTHERS = {f"other-{n}": str(UUID(int=n + 1)) for n in range(9)}
PER_MINUTE = 20


@pytest.fixture
def few_calls(worlds: Worlds) -> World:
    """A world of many clusters and few calls a minute, where one minute without any has passed."""
    clusters = {"orders": {"id": ORDERS}} | {name: {"id": id_} for name, id_ in OTHERS.items()}
    at_once = {"requesters": [BOB], "sources": ["203.0.113.0/24"], "max_duration": "1h"}
    written = policy(clusters, source_types=["ip_addr", "droplet"], auto_approve=[at_once])
    world = worlds({**written, "scheduler": {"calls_per_minute": PER_MINUTE}})
    for name, id_ in OTHERS.items():
        world.digitalocean.add_cluster(name, cluster_id=id_, rules=[OFFICE])
    world.pass_time(minutes=1)
    world.pass_time(minutes=1)
    return world


def looks_up(world: World, user: str, text: str) -> str:
    """Let somebody ask for a page that needs DigitalOcean; return what it says."""
    before = len(world.whispered(user))
    world.slack.command(user, text, channel_id="C0GENERAL")
    return world.eventually(
        lambda: next(iter(world.whispered(user)[before:]), None),
        seconds=20,
    )


def test_p3_who_asks_for_a_page_five_times_a_second_does_not_put_off_their_own_end(
    few_calls: World,
) -> None:
    world = few_calls
    world.granted(f"request {IP} 2m orders")
    for second in range(12):
        for _ in range(5):
            looks_up(world, RITA, "sources orders")
        world.pass_time(seconds=10 if second < 11 else 9)
        assert TRUSTED in world.sources()

    world.pass_time(seconds=1)

    assert TRUSTED not in world.sources()
    assert world.grant().end_reason == "expired"


def test_p3_many_people_looking_at_many_clusters_leave_the_calls_of_an_end_alone(
    few_calls: World,
) -> None:
    world = few_calls
    world.granted(f"request {IP} 1m orders")
    world.pass_time(seconds=59)
    before = len(world.digitalocean.calls)

    told = [
        looks_up(world, user, f"{page} {cluster}")
        for cluster in OTHERS
        for user in (RITA, ALICE, BOB, OSCAR)
        for page in ("sources", "connect")
    ]
    refused = [page for page in told if "rate limit is nearly used up" in page]

    assert refused
    assert len(world.digitalocean.calls) - before <= PER_MINUTE * 0.2
    world.pass_time(seconds=1)
    assert TRUSTED not in world.sources()


def test_p3_the_names_in_a_form_leave_the_calls_of_an_end_alone(few_calls: World) -> None:
    world = few_calls
    for number in range(4_500):
        world.digitalocean.add_droplet(f"droplet-{number}", number + 1)
    world.granted(f"request {IP} 2m orders")
    world.pass_time(minutes=1, seconds=59)  # a list of names is fresh for a minute
    before = len(world.digitalocean.calls)

    world.slack.command(RITA, "request", channel_id="C0GENERAL")
    world.eventually(lambda: len(world.digitalocean.calls) >= before + 4)

    world.pass_time(seconds=1)
    assert TRUSTED not in world.sources()


def test_p3_starts_leave_the_calls_of_an_end_alone(few_calls: World) -> None:
    world = few_calls
    world.granted(f"request {IP} 3m orders")
    world.pass_time(minutes=2, seconds=59)
    for cluster in OTHERS:
        world.slack.command(BOB, f"request {IP} 1h {cluster}", channel_id="C0GENERAL")
    world.settle()
    assert not all(TRUSTED in world.sources(id_) for id_ in OTHERS.values())

    world.pass_time(seconds=1)
    assert TRUSTED not in world.sources()

    for _ in range(10):
        world.pass_time(minutes=1)
    assert all(TRUSTED in world.sources(id_) for id_ in OTHERS.values())


def test_p3_what_a_look_finds_that_must_go_is_removed_by_the_calls_of_ends(
    few_calls: World,
) -> None:
    world = few_calls
    label = "dbaccess/test #1 until 2020-01-01T00:00:00Z"
    world.digitalocean.add_rule(ORDERS, "ip_addr", "203.0.113.9", label)
    world.restart()  # every cluster is looked at
    world.pass_time(minutes=1)
    assert "ip_addr:203.0.113.9" not in world.sources()
    made = world.service.components.budget.made().by_purpose
    assert made["ends"] >= 1


def test_people_who_look_at_the_same_cluster_are_served_by_one_call(world: World) -> None:
    world.digitalocean.faults.add(Fault.slow(0.5))
    before = len(world.digitalocean.calls)
    people = (RITA, ALICE, BOB, OSCAR)
    for user in people:
        world.slack.command(user, "sources orders", channel_id="C0GENERAL")
    world.eventually(lambda: all("198.51.100.7" in "".join(world.whispered(u)) for u in people))
    assert len(world.digitalocean.calls) == before + 1

    world.pass_time(seconds=6)
    world.digitalocean.add_rule(ORDERS, "ip_addr", "203.0.113.9")
    assert "203.0.113.9" in looks_up(world, RITA, "sources orders")


def test_one_person_is_limited_and_others_are_not(world: World) -> None:
    told = []
    for _ in range(11):
        told.append(looks_up(world, RITA, "sources orders"))
        world.clock.advance(seconds=5)
    before = len(world.digitalocean.calls)

    assert all("198.51.100.7" in page for page in told[:10])
    assert "Too many lookups (10 in a minute). Try again in 10 seconds." in told[10]
    assert "Try again" in looks_up(world, RITA, "connect orders")
    assert len(world.digitalocean.calls) == before
    assert "198.51.100.7" in looks_up(world, OSCAR, "sources orders")
    world.clock.advance(minutes=1)
    assert "198.51.100.7" in looks_up(world, RITA, "sources orders")


def test_p3_the_alarm_names_what_the_calls_were_made_for(few_calls: World) -> None:
    world = few_calls
    world.granted(f"request {IP} 1m orders")
    looks_up(world, RITA, "sources other-3")
    world.digitalocean.faults.add(Fault.status(500, times=None))
    for _ in range(8):
        world.pass_time(minutes=1)
    [told, *_] = [m.all_text for m in world.slack.messages(OPERATIONS)]
    assert "drift checks" in told
    assert "pages and forms" in told
    assert "to end access" in told
    assert "of 5,000 left" in told
