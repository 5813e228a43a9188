"""Break glass: access at once, told loudly, and closed only by an approver's review."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from bot.access import break_glass
from bot.access.request_access import refuse_unfit_cluster
from bot.domain.commands import BreakGlass
from bot.domain.lifecycle import RequestState
from bot.domain.people import Person, Standing
from bot.domain.sources import parse_source
from dbaccess_playground.faults import Fault
from tests.scenarios.forms import block, presses_extend
from tests.scenarios.world import (
    ALICE,
    ANALYTICS,
    APPROVALS,
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
ONCALL = "S0ONCALL"
TRUSTED = f"ip_addr:{IP}"
GLASS = {"requesters": [ONCALL], "max_duration": "30m"}
TYPED = f"emergency {IP} 30m orders everything is locked"


def with_glass(worlds: Worlds, *on_call: str, **rule: Any) -> World:
    """Return a world in which those people may break the glass of `orders`."""
    orders = {"id": ORDERS, "emergency": {**GLASS, **rule}}
    world = worlds(policy({"orders": orders, "analytics": {"id": ANALYTICS}}))
    world.slack.add_group(ONCALL, "on-call", on_call or (RITA,))
    return world


def breaks_glass(world: World, user: str = RITA, text: str = TYPED, **changes: str) -> Any:
    """Type the command, look at the form, and send it off."""
    before = world.slack.modal(user)
    world.types(user, text)
    world.eventually(lambda: world.slack.modal(user) not in (None, before))
    answer = world.slack.submit(user, changes)
    world.settle()
    return answer


def assert_nothing_was_opened(world: World) -> None:
    assert world.grants() == []
    assert TRUSTED not in world.sources()


def test_an_emergency_opens_only_after_a_form_says_what_follows(worlds: Worlds) -> None:
    world = with_glass(worlds)

    world.types(RITA, TYPED)
    form = world.eventually(lambda: world.slack.modal(RITA))

    assert form["submit"]["text"] == "Get access"
    assert "without approval" in str(form["blocks"])
    assert_nothing_was_opened(world)


def test_who_breaks_the_glass_has_access_at_once_and_everybody_hears_of_it(worlds: Worlds) -> None:
    world = with_glass(worlds)

    breaks_glass(world)

    assert TRUSTED in world.sources()
    assert world.grant().expires_at - world.grant().approved_at == world.request().duration
    assert "emergency access" in world.card.text
    assert "everything is locked" in world.card.all_text
    assert f"<@{ALICE}>" in world.card.text
    assert world.card.buttons == ["Mark reviewed", "End access"]
    assert "Emergency access to orders" in world.operators()[-1]
    assert "everything is locked" in world.operators()[-1]
    assert " is open* until" in world.thread()[-1]
    assert "You can connect" in world.told(RITA)[-1]
    assert "*Emergency access #1 is opening*" in world.whispered(RITA)[-1]
    assert ("emergency.opened", RITA) in world.audited()
    assert ("request.approved", "emergency") in world.audited()


def test_an_emergency_ends_like_everything_else_and_is_reviewed_all_the_same(
    worlds: Worlds,
) -> None:
    world = with_glass(worlds)
    breaks_glass(world)

    world.pass_time(minutes=30)

    assert TRUSTED not in world.sources()
    assert world.request().wants_review
    assert world.card.buttons == ["Mark reviewed"]
    assert "Access has ended" in world.card.all_text


def test_an_approver_closes_an_emergency_with_one_click(worlds: Worlds) -> None:
    world = with_glass(worlds)
    breaks_glass(world)

    world.presses(ALICE, world.card, "Mark reviewed")

    assert world.request().reviewed_by == ALICE
    assert world.card.buttons == []
    assert f"reviewed* by <@{ALICE}>" in world.card.text
    assert "reviewed* by" in world.thread()[-1]
    assert "reviewed* by" in world.operators()[-1]
    assert ("emergency.reviewed", ALICE) in world.audited()
    world.pass_time(hours=48)
    assert not [words for words in world.operators() if "needs review" in words]


def test_a_card_from_before_a_lost_database_reviews_no_other_emergency(worlds: Worlds) -> None:
    world = with_glass(worlds)
    breaks_glass(world)
    old = world.card
    world.pass_time(hours=1)
    world.lose_database(hours=1)
    breaks_glass(world)

    world.presses(ALICE, old, "Mark reviewed")

    assert "too old" in world.whispered(ALICE)[-1]
    assert world.request().reviewed_by is None
    world.presses(ALICE, world.card, "Mark reviewed")
    assert world.request().reviewed_by == ALICE


def test_nobody_is_left_in_peace_until_an_emergency_is_reviewed(worlds: Worlds) -> None:
    world = with_glass(worlds, remind_every="2h")
    breaks_glass(world)

    world.pass_time(hours=2)
    world.pass_time(hours=2)

    reminders = [words for words in world.operators() if "needs review" in words]
    assert len(reminders) == 2
    assert f"<@{ALICE}>" in reminders[0]
    assert f"Press *Mark reviewed* in <#{APPROVALS}>." in reminders[0]
    in_thread = [words for words in world.thread() if "needs review" in words]
    assert len(in_thread) == 2
    assert "Press *Mark reviewed* above." in in_thread[0]
    world.presses(BOB, world.card, "Mark reviewed")
    world.pass_time(hours=2)
    assert sum("needs review" in words for words in world.thread()) == 2


def test_reminders_outlive_a_restart(worlds: Worlds) -> None:
    world = with_glass(worlds)
    breaks_glass(world)

    world.restart(hours=4)

    assert "needs review" in world.operators()[-1]


@pytest.mark.parametrize("clicker", [RITA, OSCAR, GITA, EVE])
def test_p4_only_another_approver_can_review(worlds: Worlds, clicker: str) -> None:
    world = with_glass(worlds)
    breaks_glass(world)

    world.presses(clicker, world.card, "Mark reviewed")

    assert world.request().wants_review
    assert "review" in world.whispered(clicker)[-1]
    assert ("decision.refused", clicker) in world.audited()


def test_p4_an_approver_cannot_review_their_own_emergency(worlds: Worlds) -> None:
    world = with_glass(worlds, ALICE)
    breaks_glass(world, ALICE)

    world.presses(ALICE, world.card, "Mark reviewed")

    assert world.request().wants_review
    assert "your own emergency access" in world.whispered(ALICE)[-1]


def test_a_second_review_changes_nothing(worlds: Worlds) -> None:
    world = with_glass(worlds)
    breaks_glass(world)
    before = world.card
    world.presses(ALICE, before, "Mark reviewed")

    world.presses(BOB, before, "Mark reviewed")

    assert world.request().reviewed_by == ALICE
    assert "already reviewed" in world.whispered(BOB)[-1]


def test_an_approver_ends_an_emergency_from_its_message(worlds: Worlds) -> None:
    world = with_glass(worlds)
    breaks_glass(world)

    world.presses(ALICE, world.card, "End access")

    assert TRUSTED not in world.sources()
    assert world.grant().revoked_by == ALICE


@pytest.mark.parametrize("user", [OSCAR, GITA, EVE])
def test_p4_who_is_not_on_call_cannot_break_the_glass(worlds: Worlds, user: str) -> None:
    world = with_glass(worlds, RITA, GITA, EVE)

    world.types(user, TYPED)
    told = world.eventually(lambda: world.whispered(user))[-1]

    assert_nothing_was_opened(world)
    assert world.slack.modal(user) is None
    assert "no emergency access to any cluster" in told or "Guests and other organisations" in told


def test_p4_who_is_no_longer_on_call_when_the_form_is_sent_off_cannot_break_the_glass(
    worlds: Worlds,
) -> None:
    world = with_glass(worlds)
    world.types(RITA, TYPED)
    world.eventually(lambda: world.slack.modal(RITA))
    world.slack.set_group_members(ONCALL, [])
    world.restart()

    world.slack.submit(RITA, {})
    world.settle()

    assert_nothing_was_opened(world)
    assert "no emergency access to this cluster" in world.whispered(RITA)[-1]


def test_p4_a_right_that_slack_does_not_confirm_is_no_right_in_an_emergency_either(
    worlds: Worlds,
) -> None:
    world = with_glass(worlds)
    world.slack.faults.add(Fault.status(500, target="usergroups.list", times=None))

    world.types(RITA, TYPED)
    told = world.eventually(lambda: world.whispered(RITA))[-1]
    world.slack.faults.clear()

    assert_nothing_was_opened(world)
    assert world.slack.modal(RITA) is None
    assert "didn't confirm your rights" in told


def test_a_cluster_without_emergencies_says_so_before_a_form_opens(worlds: Worlds) -> None:
    world = with_glass(worlds)

    world.types(RITA, f"emergency {IP} 30m analytics all is lost")

    told = world.eventually(lambda: world.whispered(RITA))[-1]
    assert "no emergency access to `analytics`" in told


def test_without_any_emergency_policy_the_command_points_to_the_usual_way(world: World) -> None:
    assert "`/dbaccess request`" in world.types(RITA, "emergency").text


def test_the_form_wants_a_reason_and_keeps_to_the_longest_time(worlds: Worlds) -> None:
    world = with_glass(worlds)
    breaks_glass(world)  # so that Slack's directory is remembered
    world.presses(ALICE, world.card, "End access")

    answer = breaks_glass(world, text=f"emergency {IP} 1h orders still locked")
    assert "30m" in answer.errors["duration"]

    answer = breaks_glass(world, text=f"emergency {IP} 30m orders \N{ZERO WIDTH SPACE} again")
    assert answer.errors == {}


def test_an_undecided_request_for_the_same_is_withdrawn_and_not_decided_later(
    worlds: Worlds,
) -> None:
    world = with_glass(worlds)
    world.types(RITA, f"request {IP} 2h orders everything is locked")

    breaks_glass(world)

    assert world.request(1).state is RequestState.CANCELLED
    assert " cancelled*" in world.slack.messages(APPROVALS, replies=False)[0].text
    assert world.request(2).wants_review


def test_p2_even_an_emergency_adds_no_first_rule_to_an_open_cluster(worlds: Worlds) -> None:
    world = with_glass(worlds)
    world.digitalocean.replace_rules(ORDERS, [])
    world.pass_time(hours=1)

    breaks_glass(world)

    assert_nothing_was_opened(world)
    assert world.digitalocean.sources(ORDERS) == set()


def test_p6_a_form_that_is_delivered_twice_breaks_the_glass_once(worlds: Worlds) -> None:
    world = with_glass(worlds)
    breaks_glass(world)

    world.slack.replay(3, at_once=True)
    world.settle()

    assert len(world.grants()) == 1


@pytest.mark.both_databases
def test_of_two_emergencies_at_once_people_decide_on_the_second(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = with_glass(worlds)
    together = threading.Barrier(2)

    def check_together(*given: Any, **options: Any) -> None:
        with suppress(threading.BrokenBarrierError):  # the other one waits for its turn
            together.wait(timeout=1)
        refuse_unfit_cluster(*given, **options)

    monkeypatch.setattr(break_glass, "refuse_unfit_cluster", check_together)

    def emergency(address: str) -> None:
        command = BreakGlass(
            cluster="orders",
            source=parse_source(address),
            duration=timedelta(minutes=30),
            reason="everything is locked",
        )
        rita = Person(RITA, Standing.MEMBER, frozenset({ONCALL}), asked=frozenset({ONCALL}))
        world.service.components.access.carry_out(command, rita, origin=address, others=[])

    with ThreadPoolExecutor(2) as hands:
        list(hands.map(emergency, [IP, "203.0.113.5"]))

    assert len(world.grants()) == 1
    assert world.request(2).state is RequestState.PENDING


def test_a_longer_stay_after_an_emergency_is_decided_by_people(worlds: Worlds) -> None:
    world = with_glass(worlds)
    breaks_glass(world)

    world.types(RITA, "extend 1 30m")

    assert world.request(2).state is RequestState.PENDING
    assert world.card.buttons == ["Approve", "Deny"]


def test_emergency_access_is_called_that_until_it_has_ended_also_once_it_is_extended(
    worlds: Worlds,
) -> None:
    world = with_glass(worlds)
    breaks_glass(world)
    assert "Emergency access #1" in world.told(RITA)[-1]

    form = presses_extend(world, world.slack.dms(RITA)[-1])
    assert "Emergency access #1" in str(form["blocks"])
    assert "Max 7h30m more: orders allows 8h in all." in str(form["blocks"])
    world.slack.submit(RITA, {"Custom duration": "1h"})
    world.settle()
    assert "*1h more* on `orders` from 203.0.113.4: emergency access #1" in world.card.text
    world.presses(BOB, world.card, "Approve")

    assert "Emergency access #1" in world.told(RITA)[-1]
    assert "Emergency access #1" in world.types(RITA, "list").text
    world.slack.open_home(RITA)
    world.settle()
    assert "Emergency access #1" in str(world.slack.home(RITA))
    world.types(RITA, "revoke 1")
    assert "Emergency access #1 to `orders` was ended" in world.told(RITA)[-1]


def test_no_form_gives_an_example_that_is_longer_than_what_it_takes(worlds: Worlds) -> None:
    world = with_glass(worlds)
    world.types(RITA, f"emergency {IP}")
    form = world.eventually(lambda: world.slack.modal(RITA))
    typed = block(form, "duration")
    assert typed["hint"]["text"].startswith("Like 5m, 15m or 30m.")
    assert typed["element"]["placeholder"]["text"] == "30m"

    answer = world.slack.submit(RITA, {"Custom duration": "half an hour", "Reason": "locked"})

    assert answer.errors["duration"].endswith("Try 5m, 15m or 30m.")
    world.slack.close_modal(RITA)


@pytest.mark.parametrize(("user", "offered"), [(RITA, True), (OSCAR, False)])
def test_the_home_tab_has_emergency_access_for_those_who_may(
    worlds: Worlds, user: str, *, offered: bool
) -> None:
    world = with_glass(worlds)
    world.slack.open_home(user)
    world.settle()
    home = world.slack.home(user)
    assert home is not None
    assert ("Emergency access…" in str(home)) is offered
    if not offered:
        return

    world.slack.click(user, home, "Emergency access…")

    form = world.eventually(lambda: world.slack.modal(user))
    assert form["callback_id"] == "emergency"
    world.slack.close_modal(user)
