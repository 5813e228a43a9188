"""Floods: how much one person may have at once, and room that is left for emergencies."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.domain.lifecycle import GrantState
from bot.ip_links import MOST_UNUSED
from tests.scenarios.open_world import OpenWorld
from tests.scenarios.world import (
    ALICE,
    ANALYTICS,
    IP,
    OFFICE,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]
BOTH = {"orders": {"id": ORDERS}, "analytics": {"id": ANALYTICS}}
GLASS = {"requesters": ["*"], "max_duration": "30m"}
AT_ONCE = {"requesters": ["*"], "sources": ["203.0.113.0/24"], "max_duration": "1h"}


def full(count: int) -> list[dict[str, str]]:
    return [{"type": "ip_addr", "value": f"198.51.100.{n}"} for n in range(1, count + 1)]


def breaks_glass(world: World, user: str = RITA, ip: str = IP) -> str:
    """Let somebody send an emergency's form off; return all that they were told."""
    world.types(user, f"emergency {ip} 30m orders everything is locked")
    world.eventually(lambda: world.slack.modal(user))
    answer = world.slack.submit(user, {})
    if answer.errors:
        world.slack.close_modal(user)
    world.settle()
    return "\n".join([*answer.errors.values(), *world.whispered(user), *world.told(user)])


def answered(world: World, *sentences: str) -> int:
    """Count the answers to Rita that say one of these."""
    said = [*world.whispered(RITA), *world.told(RITA)]
    return sum(any(sentence in one for sentence in sentences) for one in said)


# What one person may have.


def test_a_sixth_open_request_is_refused_until_one_is_cancelled(worlds: Worlds) -> None:
    world = worlds(policy(BOTH))
    for number in range(5):
        world.types(RITA, f"request 203.0.113.{number} 1h {list(BOTH)[number % 2]}")

    answer = world.types(RITA, f"request {IP}0 1h orders")

    assert "You have 5 waiting requests, the maximum." in answer.text
    assert "The first is #1." in answer.text
    assert "Buttons: Cancel request" in answer.text
    assert world.rows()["RequestRow"] == 5
    assert "#6" in world.types(OSCAR, f"request {IP} 1h orders").text, "others are not held up"
    world.types(RITA, "cancel 1")
    assert "#7" in world.types(RITA, f"request {IP}0 1h orders").text


def test_extensions_wait_for_a_decision_like_requests(worlds: Worlds) -> None:
    world = worlds(policy(max_open_requests=1))
    world.granted(f"request {IP} 1h orders")
    world.types(RITA, "request 203.0.113.5 1h orders")

    assert "You have 1 waiting request, the maximum" in world.types(RITA, "extend 1 1h").text


@pytest.mark.both_databases
def test_many_requests_at_the_same_moment_are_not_more(worlds: Worlds) -> None:
    world = worlds(policy())
    texts = [f"request 203.0.113.{number} 1h orders" for number in range(1, 21)]

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda text: world.slack.command(RITA, text, channel_id="C0GENERAL"), texts))
    world.eventually(lambda: answered(world, "Request #", "the maximum") == 20, seconds=60)

    assert world.rows()["RequestRow"] == 5


def test_one_person_cannot_fill_a_cluster_with_what_a_written_policy_approves(
    worlds: Worlds,
) -> None:
    world = worlds(policy({"orders": {"id": ORDERS, "auto_approve": [AT_ONCE]}}))
    for number in range(1, 11):
        world.types(RITA, f"request 203.0.113.{number} 1h orders")

    answer = world.types(RITA, "request 203.0.113.11 1h orders")

    assert "You have 10 open on `orders`: the maximum." in answer.text
    assert "The first is access #1." in answer.text
    assert "Buttons: End access" in answer.text
    assert len(world.grants()) == 10
    world.types(RITA, "revoke 1")
    assert "#11" in world.types(RITA, "request 203.0.113.11 1h orders").text


def test_what_waits_for_approval_counts_as_what_it_may_become(worlds: Worlds) -> None:
    world = worlds(policy(max_live_grants=2))
    world.granted(f"request {IP} 1h orders")
    world.types(RITA, "request 203.0.113.5 1h orders")

    answer = world.types(RITA, "request 203.0.113.6 1h orders")

    assert "You have 2 on `orders`, open or requested" in answer.text


def test_extensions_and_other_clusters_do_not_count_as_live_grants(worlds: Worlds) -> None:
    world = worlds(policy(BOTH, max_live_grants=1))
    world.granted(f"request {IP} 1h orders")

    assert "#2" in world.types(RITA, "extend 1 1h").text
    assert "#3" in world.types(RITA, f"request {IP} 1h analytics").text


def test_an_emergency_is_not_refused_for_what_one_has(worlds: Worlds) -> None:
    written = {"orders": {"id": ORDERS, "emergency": GLASS}}
    world = worlds(policy(written, max_live_grants=1, max_open_requests=1))
    world.granted("request 203.0.113.5 1h orders")

    breaks_glass(world)

    assert f"ip_addr:{IP}" in world.sources()


def test_one_persons_unused_address_links_are_limited(
    opens: Callable[..., OpenWorld],
) -> None:
    world = opens()
    tokens = [world.link() for _ in range(MOST_UNUSED)]

    assert "You have 5 unused links." in world.types(RITA, "myip").text
    assert len(world.links()) == MOST_UNUSED
    assert world.link(OSCAR), "others are not held up"
    world.uses(tokens[0])
    assert world.link()
    world.clock.advance(minutes=11)
    assert world.link()


# Room for emergencies.


def test_the_last_places_of_a_cluster_are_kept_for_emergencies(worlds: Worlds) -> None:
    world = worlds(policy({"orders": {"id": ORDERS, "emergency": GLASS}}))
    world.digitalocean.replace_rules(ORDERS, full(98), by="terraform")
    world.restart()

    answer = world.types(OSCAR, "request 203.0.113.5 1h orders")
    assert "the rest for emergencies" in answer.text

    breaks_glass(world)
    assert f"ip_addr:{IP}" in world.sources()


def test_emergencies_come_before_requests_that_were_approved_while_there_was_little_room(
    worlds: Worlds,
) -> None:
    world = worlds(policy({"orders": {"id": ORDERS, "emergency": GLASS}}))
    world.types(OSCAR, "request 203.0.113.5 1h orders")
    world.digitalocean.replace_rules(ORDERS, full(98), by="terraform")

    world.slack.click(ALICE, world.card, "Approve")
    breaks_glass(world)

    assert f"ip_addr:{IP}" in world.sources()
    assert "ip_addr:203.0.113.5" not in world.sources()
    assert any("rest for emergencies" in told for told in world.told(OSCAR))


def test_a_full_cluster_tells_an_emergency_what_would_have_to_go(worlds: Worlds) -> None:
    world = worlds(policy({"orders": {"id": ORDERS, "emergency": GLASS, "max_rules": 5}}))
    world.granted("request 203.0.113.5 1h orders", to=OSCAR)
    world.digitalocean.replace_rules(
        ORDERS, [*world.digitalocean.rules(ORDERS), *full(2)], by="terraform"
    )
    world.restart()

    told = breaks_glass(world)

    assert "orders is full: 5 trusted sources" in told
    assert "/dbaccess revoke 1" in told
    assert world.grants()[0].state is GrantState.ACTIVE, "nobody lost anything"
    world.types(ALICE, "revoke 1")
    breaks_glass(world)
    assert f"ip_addr:{IP}" in world.sources()


def test_a_cluster_that_others_filled_says_so_to_an_emergency(worlds: Worlds) -> None:
    world = worlds(policy({"orders": {"id": ORDERS, "emergency": GLASS}}))
    world.digitalocean.replace_rules(ORDERS, full(100), by="terraform")
    world.restart()

    assert "Someone has to remove one at DigitalOcean" in breaks_glass(world)


def test_a_lower_limit_of_ones_own_holds_for_requests(worlds: Worlds) -> None:
    world = worlds(policy(max_rules=3))
    world.granted("request 203.0.113.5 1h orders")

    answer = world.types(OSCAR, "request 203.0.113.6 1h orders")

    assert len(world.sources()) == 3
    assert "`orders` is full: 3 trusted sources" in answer.text


def test_where_there_are_more_rules_than_the_limit_the_api_alone_says_no(worlds: Worlds) -> None:
    world = worlds(policy(max_rules=1))
    assert OFFICE["value"] in str(world.sources())

    world.granted(f"request {IP} 1h orders")

    assert f"ip_addr:{IP}" in world.sources()
