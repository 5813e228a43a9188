"""The Home tab: what is mine and what waits for me, drawn again when something changes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.lifecycle import RequestState
from dbaccess_playground.faults import Fault
from tests.scenarios.world import (
    ADMINS,
    ALICE,
    ANALYTICS,
    BOB,
    EVE,
    GITA,
    IP,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]
TRUSTED = f"ip_addr:{IP}"
OTHER_IP = "203.0.113.5"
PUBLISH = "views.publish"
BOTH = {"orders": {"id": ORDERS}, "analytics": {"id": ANALYTICS}}


def opens(world: World, user: str) -> dict[str, Any]:
    """Let somebody open the Home tab; return what they see then."""
    assert world.slack.open_home(user).status == 200
    world.settle()
    return tab(world, user)


def tab(world: World, user: str) -> dict[str, Any]:
    shown = world.slack.home(user)
    assert shown is not None, "no Home tab was published"
    return shown


def seen(world: World, user: str) -> str:
    """All that somebody's Home tab says now."""
    return json.dumps(tab(world, user)["blocks"], ensure_ascii=False)


def drawn(world: World, user: str) -> int:
    """How many times somebody's Home tab was published."""
    calls = [call for call in world.slack.calls if call.method == PUBLISH]
    return sum(call.args["user_id"] == user for call in calls)


# What it shows


def test_somebody_new_is_invited_to_ask_and_the_form_opens_with_the_cluster_filled_in(
    worlds: Worlds,
) -> None:
    world = worlds(policy(BOTH))
    shown = opens(world, OSCAR)
    assert "Request access." in seen(world, OSCAR)

    world.slack.click(OSCAR, shown, "Request access", value="analytics")
    form = world.eventually(lambda: world.slack.modal(OSCAR))
    assert "analytics" in json.dumps(form["state"])
    assert world.slack.submit(OSCAR, {"source": IP}).errors == {}
    world.settle()

    assert "`analytics`" in world.card.text
    assert "Your waiting requests" in seen(world, OSCAR)
    assert any("sent*" in told for told in world.told(OSCAR))


def test_who_may_ask_for_nothing_is_told_so_and_offered_nothing(worlds: Worlds) -> None:
    world = worlds(policy(requesters=[RITA]))
    opens(world, OSCAR)

    assert "can't request access to any cluster yet" in seen(world, OSCAR)
    assert "Request access" not in seen(world, OSCAR)


def test_it_shows_what_is_mine_cluster_by_cluster_with_the_time_left(worlds: Worlds) -> None:
    world = worlds(policy(BOTH))
    world.granted(f"request {IP} 2h orders")
    world.granted(f"request {IP} 1h analytics")
    world.granted(f"request {OTHER_IP} 1h orders")
    world.granted("request 203.0.113.6 1h orders", to=OSCAR)
    world.pass_time(minutes=10)

    opens(world, RITA)
    said = seen(world, RITA)

    order = [said.index(what) for what in ("*`analytics`*", "#2:", "*`orders`*", "#3:", "#1:")]
    assert order == sorted(order)
    assert "1h50m left" in said
    assert "203.0.113.6" not in said


def test_its_buttons_work(world: World) -> None:
    world.granted()
    world.types(RITA, f"request {OTHER_IP} 1h orders")
    shown = opens(world, RITA)
    assert IP in seen(world, RITA)
    assert OTHER_IP in seen(world, RITA)

    world.slack.click(RITA, shown, "Cancel request")
    world.slack.click(RITA, shown, "End access")
    world.settle()

    assert TRUSTED not in world.sources()
    assert world.request(2).state is RequestState.CANCELLED
    assert OTHER_IP not in seen(world, RITA), "the tab itself is the answer"


def test_approvers_decide_in_it(world: World) -> None:
    world.types(RITA, f"request {IP} 1h orders invoice 88")
    shown = opens(world, ALICE)
    assert "Waiting for you" in seen(world, ALICE)
    assert "invoice 88" in seen(world, ALICE)

    world.slack.click(ALICE, shown, "Approve")
    world.settle()

    assert TRUSTED in world.sources()
    assert "Waiting for you" not in seen(world, ALICE)


def test_the_form_behind_deny_opens_from_it_too(world: World) -> None:
    world.types(RITA, f"request {IP} 1h orders")
    shown = opens(world, ALICE)

    world.slack.click(ALICE, shown, "Deny")
    world.eventually(lambda: world.slack.modal(ALICE))
    world.slack.submit(ALICE, {"Reason": "not today"})
    world.settle()

    assert world.request().state is RequestState.DENIED
    assert "Waiting for you" not in seen(world, ALICE)


def test_an_emergency_waits_in_it_for_another_approver_until_it_is_reviewed(
    worlds: Worlds,
) -> None:
    glass = {"requesters": [ALICE], "max_duration": "30m"}
    world = worlds(policy({"orders": {"id": ORDERS, "emergency": glass}}))
    opens(world, BOB)
    opens(world, ALICE)

    world.types(ALICE, f"emergency {IP} 30m orders everything is locked")
    world.eventually(lambda: world.slack.modal(ALICE))
    world.slack.submit(ALICE, {})
    world.settle()

    assert "needs review" in seen(world, BOB)
    assert "everything is locked" in seen(world, BOB)
    assert "needs review" not in seen(world, ALICE), "it was hers"
    assert "left*" in seen(world, ALICE)

    world.slack.click(BOB, tab(world, BOB), "Mark reviewed")
    world.settle()

    assert ("emergency.reviewed", BOB) in world.audited()
    assert "needs review" not in seen(world, BOB)


def test_nothing_waits_for_the_one_who_asked(world: World) -> None:
    world.types(ALICE, f"request {IP} 1h orders")

    opens(world, ALICE)

    assert IP in seen(world, ALICE)
    assert "Waiting for you" not in seen(world, ALICE)


def test_what_waits_is_shown_to_the_members_of_an_approving_group(worlds: Worlds) -> None:
    world = worlds(policy(approvers=[ADMINS]))
    world.types(RITA, f"request {IP} 2h orders")

    for user in (BOB, OSCAR):
        opens(world, user)

    assert "Waiting for you" in seen(world, BOB)
    assert "Waiting for you" not in seen(world, OSCAR)


@pytest.mark.parametrize("user", [GITA, EVE])
def test_p4_nothing_waits_for_guests_and_outsiders(worlds: Worlds, user: str) -> None:
    world = worlds(policy(approvers=[ALICE, user]))
    world.types(RITA, f"request {IP} 2h orders")

    opens(world, user)

    assert IP not in seen(world, user)


# When it is drawn again


def test_it_follows_a_request_from_the_asking_to_the_end(world: World) -> None:
    opens(world, RITA)
    opens(world, ALICE)

    world.types(RITA, f"request {IP} 1h orders")
    assert "*Request #1*" in seen(world, RITA)
    assert "Waiting for you" in seen(world, ALICE)

    world.presses(BOB, world.card, "Approve")
    assert "1h left" in seen(world, RITA)
    assert "*Request #1*" not in seen(world, RITA)
    assert "Waiting for you" not in seen(world, ALICE)

    world.pass_time(minutes=50)
    assert "*10m left*" in seen(world, RITA), "the warning comes, and the time left is told anew"

    world.pass_time(minutes=10)
    assert IP not in seen(world, RITA)
    assert "Request access." in seen(world, RITA)


def test_it_is_drawn_again_for_a_member_of_an_approving_group(worlds: Worlds) -> None:
    world = worlds(policy(approvers=[ADMINS]))
    opens(world, BOB)

    world.types(RITA, f"request {IP} 1h orders")

    assert "Waiting for you" in seen(world, BOB)


def test_it_follows_what_happens_by_itself(world: World) -> None:
    world.types(RITA, f"request {IP} 1h orders")
    opens(world, RITA)
    opens(world, ALICE)

    world.pass_time(hours=4)

    assert world.request().state is RequestState.LAPSED
    assert IP not in seen(world, RITA)
    assert IP not in seen(world, ALICE)


def test_it_follows_a_rule_that_was_removed_by_hand(world: World) -> None:
    world.granted()
    world.pass_time(minutes=2)
    opens(world, RITA)

    world.digitalocean.replace_rules(
        ORDERS, [r for r in world.digitalocean.rules(ORDERS) if r["value"] != IP]
    )
    world.pass_time(minutes=10)

    assert IP not in seen(world, RITA)


def test_what_concerns_others_does_not_draw_it_again(worlds: Worlds) -> None:
    world = worlds(policy(BOTH))
    opens(world, OSCAR)

    world.granted()

    assert drawn(world, OSCAR) == 1


def test_many_changes_at_once_are_drawn_once(world: World) -> None:
    opens(world, ALICE)

    for last in range(1, 6):
        world.slack.command(OSCAR, f"request 203.0.113.{last} 1h orders", channel_id="C0GENERAL")
    world.settle()

    assert drawn(world, ALICE) == 2
    assert "203.0.113.5" in seen(world, ALICE)


def test_who_never_opened_theirs_gets_none(world: World) -> None:
    world.granted()

    assert world.slack.home(RITA) is None
    assert drawn(world, RITA) == 0


def test_a_home_that_was_opened_long_ago_is_left_alone_until_it_is_opened_again(
    world: World,
) -> None:
    opens(world, RITA)
    world.pass_time(hours=25)

    world.granted()
    assert drawn(world, RITA) == 1
    opens(world, RITA)

    assert IP in seen(world, RITA)


def test_a_restart_forgets_no_home(world: World) -> None:
    opens(world, RITA)
    world.slack.command(RITA, f"request {IP} 1h orders", channel_id="C0GENERAL")

    world.restart(minutes=1)

    assert IP in seen(world, RITA)


# What Slack may send, and how it may fail


def test_a_repeated_event_does_no_harm(world: World) -> None:
    opens(world, RITA)

    answers = world.slack.replay(3, at_once=True)
    world.settle()

    assert [answer.status for answer in answers] == [200] * 3
    assert drawn(world, RITA) == 2


def test_the_tab_of_messages_is_not_the_home_tab(world: World) -> None:
    world.slack.event({"type": "app_home_opened", "user": RITA, "tab": "messages"})
    world.settle()

    assert world.slack.home(RITA) is None


@pytest.mark.parametrize("event", [{}, {"user": None, "tab": "messages"}])
def test_an_event_that_does_not_say_who_opened_what_does_nothing(
    world: World, event: dict[str, Any]
) -> None:
    answer = world.slack.event({"type": "app_home_opened", **event})
    world.settle()

    assert answer.status == 200
    assert not [call for call in world.slack.calls if call.method == PUBLISH]


def test_slack_may_ask_for_patience(world: World) -> None:
    world.slack.faults.add(Fault.status(429, retry_after=30, target=PUBLISH))
    world.slack.open_home(RITA)
    world.settle()

    world.pass_time(seconds=29)
    assert world.slack.home(RITA) is None
    world.pass_time(seconds=1)

    assert world.slack.home(RITA) is not None


def test_what_changed_while_slack_was_away_is_drawn_when_it_is_back(world: World) -> None:
    opens(world, RITA)
    world.slack.faults.add(Fault.status(503, target=PUBLISH, times=None))
    world.types(RITA, f"request {IP} 1h orders")
    world.pass_time(minutes=2)
    assert IP not in seen(world, RITA)

    world.slack.faults.clear()
    world.pass_time(minutes=2)

    assert IP in seen(world, RITA)


def test_a_home_is_given_up_after_an_hour_and_drawn_when_it_is_opened_again(world: World) -> None:
    world.slack.faults.add(Fault.status(503, target=PUBLISH, times=None))
    opening = world.slack.open_home(RITA)
    world.settle()
    for _ in range(90):  # only the waits between tries use up its patience
        world.pass_time(minutes=1.5)
    world.slack.faults.clear()
    world.pass_time(hours=1)

    assert opening.status == 200
    assert world.slack.home(RITA) is None
    opens(world, RITA)


def test_while_slack_does_not_say_who_somebody_is_they_see_what_is_theirs(
    worlds: Worlds,
) -> None:
    world = worlds(policy(approvers=[ADMINS]))
    world.types(RITA, f"request {IP} 1h orders")
    world.types(BOB, f"request {OTHER_IP} 1h orders")
    world.slack.faults.add(Fault.status(503, target="usergroups.list", times=None))

    opens(world, BOB)
    assert OTHER_IP in seen(world, BOB)
    assert "may be missing" in seen(world, BOB)
    assert "Waiting for you" not in seen(world, BOB)
    assert "Guests" not in seen(world, BOB), "nobody said that he is one"

    world.slack.faults.clear()
    world.pass_time(minutes=2)
    assert "may be missing" not in seen(world, BOB)
    assert "Waiting for you" in seen(world, BOB)
