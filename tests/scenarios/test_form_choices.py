"""What the form offers follows from who asks and what they choose."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from dbaccess_playground.faults import Fault
from tests.scenarios.forms import (
    block,
    chooses,
    filled_in,
    form_of,
    holds,
    offered,
    opened,
    shown,
)
from tests.scenarios.world import (
    ADMINS,
    ALICE,
    ANALYTICS,
    BOB,
    IP,
    ORDERS,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]
ONCALL = "S0ONCALL"
CLUSTERS: dict[str, Any] = {
    "orders": {"id": ORDERS, "max_duration": "4h"},
    "analytics": {
        "id": ANALYTICS,
        "max_duration": "1w",
        "default_duration": "1d",
        "source_types": ["ip_addr", "droplet", "tag"],
        "min_prefix": 28,
    },
}
GLASS: dict[str, Any] = {
    "orders": {"id": ORDERS, "emergency": {"requesters": [RITA], "max_duration": "30m"}},
    "analytics": {"id": ANALYTICS, "emergency": {"requesters": [RITA], "max_duration": "2h"}},
}


def test_who_slack_has_just_said_to_be_in_a_group_is_offered_its_clusters(worlds: Worlds) -> None:
    clusters = {**CLUSTERS, "orders": {"id": ORDERS, "requesters": [ADMINS]}}
    world = worlds(policy(clusters))
    opened(world, by=BOB)
    world.slack.submit(BOB, {"Cluster": "orders", "Source IP": IP})
    world.settle()

    assert offered(opened(world, by=BOB), "cluster") == ["orders", "analytics"]


def test_p4_who_is_not_in_a_group_is_not_offered_its_clusters(worlds: Worlds) -> None:
    clusters = {**CLUSTERS, "orders": {"id": ORDERS, "requesters": [ADMINS]}}
    world = worlds(policy(clusters))

    for _ in range(2):  # before and after Slack has said so
        assert offered(opened(world), "cluster") == ["analytics"]
        world.slack.close_modal(RITA)


def test_a_cluster_of_addresses_only_asks_for_no_kind_of_source(world: World) -> None:
    assert shown(opened(world)) == ["cluster", "source", "length:orders", "duration", "reason"]


def test_a_cluster_that_takes_more_asks_for_the_kind_of_source(worlds: Worlds) -> None:
    world = worlds(policy(CLUSTERS))
    form = opened(world)
    assert "For other sources, choose the cluster first" in block(form, "source")["hint"]["text"]

    form = chooses(world, "cluster", "analytics")

    options = [option["text"]["text"] for option in block(form, "kind")["element"]["options"]]
    assert options == ["Address or network", "Droplet", "Tag"]
    assert filled_in(form, "kind") == "ip_addr"
    assert "a network up to /28" in block(form, "source")["hint"]["text"]


def test_each_cluster_offers_its_own_durations(worlds: Worlds) -> None:
    world = worlds(policy(CLUSTERS))
    opened(world)

    form = chooses(world, "cluster", "orders")
    assert offered(form, "length") == ["15m", "30m", "1h", "2h", "4h"]
    assert filled_in(form, "length") == "1h"
    assert "Max 4h. Defaults to 1h." in block(form, "length")["hint"]["text"]

    form = chooses(world, "cluster", "analytics")
    assert offered(form, "length") == ["15m", "1h", "2h", "8h", "1d", "1w"]
    assert "Max 1w. Defaults to 1d." in block(form, "length")["hint"]["text"]


def test_before_a_cluster_is_chosen_only_what_all_allow_is_offered(worlds: Worlds) -> None:
    form = opened(worlds(policy(CLUSTERS)))
    assert offered(form, "length") == ["15m", "30m", "1h", "2h", "4h"]
    assert filled_in(form, "length") == ""


def test_clusters_that_have_no_duration_in_common_leave_it_to_be_typed(worlds: Worlds) -> None:
    long = {"min_duration": "1d", "default_duration": "1d", "max_duration": "1w"}
    world = worlds(policy({**CLUSTERS, "analytics": {"id": ANALYTICS, **long}}))
    assert shown(opened(world)) == ["cluster", "source", "duration", "reason"]

    world.slack.submit(RITA, {"Cluster": "analytics", "Source IP": IP})
    world.settle()

    assert "for 1d" in world.card.text


def test_what_was_filled_in_stays_when_another_cluster_is_chosen(worlds: Worlds) -> None:
    world = worlds(policy(CLUSTERS))
    opened(world)
    chooses(world, "cluster", "orders")
    world.slack.fill_in(RITA, {"Source IP": IP, "Reason": "invoice 88", "Duration": "2h"})

    form = chooses(world, "cluster", "analytics")

    assert [holds(form, name) for name in ("source", "reason", "length")] == [
        IP,
        "invoice 88",
        "2h",
    ]
    world.slack.submit(RITA)
    world.settle()
    assert "`analytics`" in world.card.text
    assert "for 2h" in world.card.text


def test_a_duration_that_the_next_cluster_does_not_allow_becomes_its_usual_one(
    worlds: Worlds,
) -> None:
    world = worlds(policy(CLUSTERS))
    opened(world)
    chooses(world, "cluster", "analytics")
    world.slack.fill_in(RITA, {"Duration": "1w"})

    assert holds(chooses(world, "cluster", "orders"), "length") == "1h"


def test_a_duration_that_is_typed_counts_more_than_the_one_chosen(world: World) -> None:
    opened(world)
    values = {"Source IP": IP, "Duration": "4h", "Custom duration": "95m"}
    world.slack.submit(RITA, values)
    world.settle()
    assert "for 1h35m" in world.card.text


def test_a_duration_left_open_is_the_usual_one(world: World) -> None:
    opened(world)
    world.slack.submit(RITA, {"Source IP": IP, "Duration": None})
    world.settle()
    assert "for 1h" in world.card.text


def test_a_duration_that_was_typed_in_the_command_stands_where_it_fits(worlds: Worlds) -> None:
    world = worlds(policy(CLUSTERS))
    form = opened(world, f"request {IP} 95m why not say so now")
    assert filled_in(form, "duration") == "95m"
    assert filled_in(form, "length") == ""

    form = chooses(world, "cluster", "orders")

    assert holds(form, "duration") == "95m"
    assert holds(form, "length") == ""


def test_a_chosen_duration_that_is_refused_says_so_at_the_menu(worlds: Worlds) -> None:
    world = worlds(policy(CLUSTERS))
    opened(world)
    chooses(world, "cluster", "analytics")
    world.slack.fill_in(RITA, {"Source IP": IP, "Duration": "1w"})
    world.slack.fill_in(RITA, {"Cluster": "orders"})  # the form could not be changed in time

    answer = world.slack.submit(RITA)

    assert "too long" in answer.errors["length:analytics"]


@pytest.mark.parametrize(("days", "longest"), [(1, "1d"), (3, "3d")])
def test_the_longest_time_can_be_chosen(worlds: Worlds, days: int, longest: str) -> None:
    world = worlds(policy(max_duration=f"{days}d"))
    assert offered(opened(world), "length")[-1] == longest


def test_a_form_that_slack_does_not_change_can_still_be_sent(worlds: Worlds) -> None:
    world = worlds(policy(CLUSTERS))
    form = opened(world)
    world.slack.faults.add(Fault.status(500, target="views.update"))
    world.slack.click(RITA, form, "cluster", value="analytics")

    answer = world.slack.submit(RITA, {"Source IP": IP})
    world.settle()

    assert answer.errors == {}
    assert "`analytics`" in world.card.text
    assert "for 1d" in world.card.text


def test_the_last_of_two_quick_choices_is_the_one_that_is_shown(worlds: Worlds) -> None:
    world = worlds(policy(CLUSTERS))
    form = opened(world)
    world.slack.faults.add(Fault.slow(0.3, target="views.update"))
    world.slack.click(RITA, form, "cluster", value="orders")
    world.slack.click(RITA, form, "cluster", value="analytics")

    world.eventually(lambda: "length:analytics" in shown(form_of(world)))
    time.sleep(0.5)  # real time, in which the first update comes in

    assert "length:analytics" in shown(form_of(world))


def test_two_choices_at_once_leave_a_form_that_can_be_sent(worlds: Worlds) -> None:
    world = worlds(policy(CLUSTERS))
    form = opened(world)
    world.slack.click(RITA, form, "cluster", value="orders")
    world.slack.replay(3, at_once=True)  # with the hash of the form before

    world.eventually(lambda: "length:orders" in shown(form_of(world)))
    world.slack.submit(RITA, {"Source IP": IP})
    world.settle()

    assert "`orders`" in world.card.text


def test_a_form_that_was_closed_meanwhile_is_left_closed(worlds: Worlds) -> None:
    world = worlds(policy(CLUSTERS))
    form = opened(world)
    world.slack.click(RITA, form, "cluster", value="orders")
    world.slack.close_modal(RITA)

    world.slack.replay()

    assert world.slack.modal(RITA) is None


def test_the_shortcut_opens_the_form(world: World) -> None:
    answer = world.slack.shortcut(RITA, "ask_for_access")
    world.eventually(lambda: world.slack.modal(RITA))
    assert answer.status == 200

    world.slack.submit(RITA, {"Source IP": IP})
    world.settle()

    assert "#1" in world.card.text
    world.presses(ALICE, world.card, "Approve")
    assert f"ip_addr:{IP}" in world.sources()


def test_whoever_may_ask_for_nothing_hears_so_from_the_shortcut(worlds: Worlds) -> None:
    world = worlds(policy({"orders": {"id": ORDERS, "requesters": [BOB]}}))
    world.slack.shortcut(RITA, "ask_for_access")
    said = world.eventually(lambda: world.told(RITA))
    assert "no cluster that you may request" in said[-1]
    assert world.slack.modal(RITA) is None


def test_the_emergency_form_offers_what_the_chosen_cluster_allows(worlds: Worlds) -> None:
    world = worlds(policy(GLASS))
    form = opened(world, f"emergency {IP} 30m all is lost")
    assert offered(form, "length") == ["15m", "30m"]

    form = chooses(world, "cluster", "analytics")

    assert offered(form, "length") == ["15m", "30m", "1h", "2h"]
    assert holds(form, "length") == "30m"
    assert holds(form, "source") == IP
    assert holds(form, "reason") == "all is lost"
    world.slack.submit(RITA, {"Duration": "2h"})
    world.settle()
    assert f"ip_addr:{IP}" in world.sources(ANALYTICS)


def test_an_emergency_for_a_droplet_keeps_what_was_typed(worlds: Worlds) -> None:
    form = opened(worlds(policy(GLASS)), "emergency droplet:41 30m orders all is lost")
    assert filled_in(form, "source") == "droplet:41"


def test_p4_who_is_not_on_call_is_told_before_a_form_opens(
    worlds: Worlds,
) -> None:
    glass = {"requesters": [ONCALL], "max_duration": "30m"}
    world = worlds(policy({"orders": {"id": ORDERS, "emergency": glass}}))
    world.slack.add_group(ONCALL, "on-call", [BOB])

    world.types(RITA, f"emergency {IP} 30m orders all is lost")
    told = world.eventually(lambda: world.whispered(RITA))[-1]
    answer = world.types(RITA, "emergency")

    for text in (told, answer.text):
        assert "no emergency access to any cluster" in text
    assert world.slack.modal(RITA) is None


# The address that somebody used last.


def test_the_address_used_last_is_one_press_away_and_replaces_what_was_typed(
    worlds: Worlds,
) -> None:
    world = worlds(policy(CLUSTERS))
    world.types(RITA, f"request {IP} 1h orders")
    world.types(RITA, "request 198.51.100.23 1h analytics")
    opened(world)
    chooses(world, "cluster", "orders")
    world.slack.fill_in(RITA, {"Source IP": "203.0.113.99", "Reason": "invoice 88"})

    form = presses(world, f"Use {IP} again")

    assert holds(form, "source") == IP
    assert [holds(form, name) for name in ("cluster", "reason")] == ["orders", "invoice 88"]
    form = chooses(world, "cluster", "analytics")
    assert holds(form, "source") == IP
    assert "Use 198.51.100.23 again" in str(form["blocks"])
    world.slack.close_modal(RITA)


def test_nobody_is_offered_the_address_of_somebody_else(world: World) -> None:
    world.types(BOB, f"request {IP} 1h orders")

    assert IP + " again" not in str(opened(world)["blocks"])
    world.slack.close_modal(RITA)


def test_an_address_that_the_cluster_would_not_take_is_not_offered(worlds: Worlds) -> None:
    world = worlds(policy(min_prefix=24))
    world.types(RITA, "request 203.0.113.0/24 1h orders")
    world.govern(policy())

    assert "again" not in str(opened(world)["blocks"])
    world.slack.close_modal(RITA)


def presses(world: World, button: str) -> dict[str, Any]:
    """Press a button in the form; return the form as it is shown then."""
    before = form_of(world)
    world.slack.click(RITA, before, button)
    return world.eventually(lambda: _changed_since(world, before["hash"]))


def _changed_since(world: World, view_hash: str) -> dict[str, Any] | None:
    now = world.slack.modal(RITA)
    return now if now and now["hash"] != view_hash else None
