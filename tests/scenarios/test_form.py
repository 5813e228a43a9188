"""The form that asks for access: opened empty or filled in, sent off, corrected."""

from collections.abc import Callable
from typing import Any

import pytest

from dbaccess_playground.faults import Fault
from tests.scenarios.forms import block, filled_in, opened
from tests.scenarios.world import (
    ADMINS,
    ALICE,
    ANALYTICS,
    APPROVALS,
    BOB,
    IP,
    ORDERS,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]
FILLED = {"Cluster": "orders", "Source IP": IP, "Duration": "2h", "Reason": "invoice 88"}
BOTH = {"orders": {"id": ORDERS}, "analytics": {"id": ANALYTICS}}


@pytest.mark.parametrize("text", ["", "request"])
def test_the_form_asks_like_the_command_does(world: World, text: str) -> None:
    opened(world, text)
    answer = world.slack.submit(RITA, FILLED)
    world.settle()

    assert answer.errors == {}
    assert world.slack.modal(RITA) is None
    for fact in ("orders", IP, "for 2h", "invoice 88"):
        assert fact in world.card.all_text
    assert "#1 sent*" in world.whispered(RITA)[-1]
    world.presses(ALICE, world.card, "Approve")
    assert f"ip_addr:{IP}" in world.sources()


def test_a_request_without_its_cluster_opens_the_form_filled_in(worlds: Worlds) -> None:
    world = worlds(policy(BOTH))
    form = opened(world, f"request {IP} 2h why not say so now")
    assert filled_in(form, "source") == IP
    assert filled_in(form, "length") == "2h"
    assert filled_in(form, "reason") == "why not say so now"
    assert filled_in(form, "cluster") == ""

    world.slack.submit(RITA, {"Cluster": "analytics"})
    world.settle()
    assert "`analytics`" in world.card.text
    assert "why not say so now" in world.card.text


def test_a_reason_that_is_too_long_for_the_form_is_cut_and_says_so(worlds: Worlds) -> None:
    world = worlds(policy(BOTH))

    form = opened(world, f"request {IP} 2h {'why ' * 300}")

    assert filled_in(form, "reason") == ("why " * 300)[:500]
    assert "Cut to 500 of 1,199 characters" in block(form, "reason")["hint"]["text"]
    world.slack.close_modal(RITA)


def test_the_only_cluster_is_chosen_already_and_the_usual_duration_is_meant(world: World) -> None:
    form = opened(world)
    assert filled_in(form, "cluster") == "orders"
    world.slack.submit(RITA, {"Source IP": IP})
    world.settle()
    assert "for 1h" in world.card.text


@pytest.mark.parametrize(
    ("label", "value", "field", "words"),
    [
        ("Source IP", "10.0.0.1", "source", "is a private address"),
        ("Source IP", "2001:db8::1", "source", "is an IPv6 address"),
        ("Source IP", "tag:backend", "source", "doesn't take tag"),
        ("Custom duration", "2x", "duration", "isn't a duration"),
        ("Custom duration", "99h", "duration", "is too long"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_changes_nothing(
    world: World, label: str, value: str, field: str, words: str
) -> None:
    opened(world)
    answer = world.slack.submit(RITA, {**FILLED, label: value})
    world.settle()

    assert list(answer.errors) == [field]
    assert words in answer.errors[field]
    assert "`" not in answer.errors[field]
    assert world.slack.modal(RITA) is not None
    assert world.slack.messages(APPROVALS) == []

    world.slack.submit(RITA, {**FILLED, "Custom duration": "2h"})
    world.settle()
    assert "#1" in world.card.text


def test_all_that_is_wrong_is_said_at_once_each_at_its_field(worlds: Worlds) -> None:
    world = worlds(policy(require_reason=True))
    opened(world)

    answer = world.slack.submit(
        RITA, {"Source IP": "::1", "Custom duration": "99h", "Reason": "\N{ZERO WIDTH SPACE}"}
    )

    assert list(answer.errors) == ["source", "duration", "reason"]
    assert "IPv6" in answer.errors["source"]
    assert "too long" in answer.errors["duration"]
    assert "requires a reason" in answer.errors["reason"]
    world.slack.close_modal(RITA)


def test_what_only_the_database_knows_is_said_at_once_too(worlds: Worlds) -> None:
    world = worlds(policy(max_live_grants=1))
    world.granted()
    opened(world)

    answer = world.slack.submit(RITA, FILLED)

    assert list(answer.errors) == ["source", "cluster"]
    assert "You already have access to orders" in answer.errors["source"]
    world.slack.close_modal(RITA)


def test_p4_a_form_of_somebody_unknown_shows_nothing_of_the_policy(worlds: Worlds) -> None:
    world = worlds(policy({"orders": {"id": ORDERS, "requesters": [ADMINS]}}))
    opened(world, by=BOB)
    world.restart()
    world.forget(BOB)

    answer = world.slack.submit(BOB, {**FILLED, "Custom duration": "99h"})

    assert answer.errors == {}


def test_a_missing_reason_is_said_at_its_field(worlds: Worlds) -> None:
    world = worlds(policy(require_reason=True))
    opened(world)
    with pytest.raises(ValueError, match="'Reason' is required"):  # Slack itself asks for it
        world.slack.submit(RITA, {"Source IP": IP})

    answer = world.slack.submit(RITA, {"Source IP": IP, "Reason": "\N{ZERO WIDTH SPACE}"})

    assert "requires a reason" in answer.errors["reason"]
    world.slack.close_modal(RITA)


def test_what_one_has_already_is_said_before_the_form_closes(world: World) -> None:
    world.granted()
    opened(world)
    answer = world.slack.submit(RITA, FILLED)
    assert "You already have access to orders" in answer.errors["source"]


def test_a_form_that_is_delivered_again_counts_once(world: World) -> None:
    opened(world)
    world.slack.submit(RITA, FILLED)
    world.slack.replay(2)
    world.settle()
    assert len(world.slack.messages(APPROVALS, replies=False)) == 1


def test_only_clusters_that_somebody_may_ask_for_are_offered(worlds: Worlds) -> None:
    clusters = {"orders": {"id": ORDERS}, "analytics": {"id": ANALYTICS, "requesters": [BOB]}}
    world = worlds(policy(clusters))
    form = opened(world)
    menu = next(b["element"] for b in form["blocks"] if b["block_id"] == "cluster")
    assert [option["value"] for option in menu["options"]] == ["orders"]


def test_whoever_may_ask_for_nothing_is_told_so(worlds: Worlds) -> None:
    world = worlds(policy({"orders": {"id": ORDERS, "requesters": [BOB]}}))
    assert "no cluster that you may request" in world.types(RITA, "").text


def test_the_right_of_a_group_is_asked_of_slack_after_the_form_is_sent(worlds: Worlds) -> None:
    world = worlds(policy({"orders": {"id": ORDERS, "requesters": [ADMINS]}}))
    opened(world, by=BOB)
    world.slack.submit(BOB, FILLED)
    world.settle()
    assert "#1 sent*" in world.whispered(BOB)[-1]

    world.slack.set_group_members(ADMINS, [RITA])
    world.restart()  # nothing is remembered of anybody
    opened(world, by=RITA)
    world.slack.set_group_members(ADMINS, [])
    world.restart()
    world.slack.submit(RITA, FILLED)
    world.settle()
    assert "There is no cluster" in world.whispered(RITA)[-1]


def test_p4_no_form_opens_for_who_may_ask_for_nothing(worlds: Worlds) -> None:
    world = worlds(policy({"orders": {"id": ORDERS, "requesters": [ADMINS]}}))

    world.types(RITA, "")

    told = world.eventually(lambda: world.whispered(RITA))
    assert "There is no cluster that you may request" in told[-1]
    assert world.slack.modal(RITA) is None


def test_a_form_that_slack_does_not_open_says_what_to_write_instead(world: World) -> None:
    world.slack.faults.add(Fault.status(500, target="views.open"))
    world.types(RITA, "")
    said = world.eventually(lambda: world.whispered(RITA))
    assert "Try `/dbaccess request" in said[-1]
