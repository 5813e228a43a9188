"""Deciding: who may, how often it counts, and all that does not count (P4, P6)."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from bot.bootstrap.worker import build_worker
from bot.domain.lifecycle import RequestState
from dbaccess_playground.faults import Fault
from tests.scenarios.deciding import ASK, TRUSTED, asked, assert_refused, assert_undecided
from tests.scenarios.world import (
    ADMINS,
    ALICE,
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
from tests.timetable import Timetable, inline

both_databases = pytest.mark.both_databases  # where SQL decides: order, time, locks, counting

Worlds = Callable[[dict[str, Any]], World]


@both_databases
def test_one_approval_opens_the_cluster_and_is_told_in_all_places(world: World) -> None:
    card = asked(world)

    answer = world.presses(ALICE, card, "Approve")

    assert (answer.status, answer.text) == (200, "")
    assert TRUSTED in world.sources()
    assert world.card.buttons == []
    assert f"approved* by <@{ALICE}>" in world.card.text
    [told] = world.told(RITA)
    assert f"Approved by <@{ALICE}>" in told
    assert "You can connect" in told
    assert " is open* until" in world.thread()[-1]
    assert [action for action, actor in world.audited() if actor == ALICE] == ["request.approved"]


@both_databases
def test_two_approvals_come_from_two_people(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    card = asked(world)

    world.presses(ALICE, card, "Approve")
    assert_undecided(world)
    assert f"Approvals 1/2 (<@{ALICE}>)" in world.card.text

    world.presses(ALICE, world.card, "Approve")
    assert_undecided(world)
    assert "You already approved request #1" in world.whispered(ALICE)[-1]

    world.presses(BOB, world.card, "Approve")
    assert TRUSTED in world.sources()
    assert f"approved* by <@{ALICE}>, <@{BOB}>" in world.card.text


@both_databases
def test_a_denial_after_the_first_of_two_approvals_denies(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    card = asked(world)

    world.presses(ALICE, card, "Approve")
    world.denies(BOB, world.card, "not on a Friday")

    assert world.request().state is RequestState.DENIED
    assert world.grants() == []


def test_an_approver_may_have_second_thoughts(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    card = asked(world)

    world.presses(ALICE, card, "Approve")
    world.denies(ALICE, world.card, "on second thoughts, no")

    assert world.request().state is RequestState.DENIED


@both_databases
def test_a_double_click_grants_once(world: World) -> None:
    card = asked(world)

    for _ in range(3):
        world.slack.click(ALICE, card, "Approve")
    world.settle()

    assert len(world.grants()) == 1
    assert world.writes() == 1
    assert world.audited().count(("grant.approved", "dbaccess")) == 1
    assert "#1 was already approved. Nothing was changed." in world.whispered(ALICE)[-1]


@both_databases
def test_two_approvers_at_once_make_one_grant(world: World) -> None:
    card = asked(world)

    with ThreadPoolExecutor(2) as hands:
        list(hands.map(lambda who: world.slack.click(who, card, "Approve"), [ALICE, BOB]))
    world.settle()

    assert len(world.grants()) == 1
    assert world.writes() == 1
    told = [*world.whispered(ALICE), *world.whispered(BOB)]
    assert len(told) == 1
    assert "was already approved" in told[0]


@both_databases
def test_two_workers_at_once_carry_each_click_out_once(world: World) -> None:
    card = asked(world)
    for who in (ALICE, BOB) * 4:
        world.slack.click(who, card, "Approve")
    ready = threading.Barrier(2)

    def work() -> None:
        worker = build_worker(world.service.components, inline)
        ready.wait()
        Timetable(worker, world.clock).settle()
        worker.stop()

    with ThreadPoolExecutor(2) as hands:
        for done in [hands.submit(work) for _ in range(2)]:
            done.result()
    world.settle()

    assert len(world.grants()) == 1
    assert world.audited().count(("grant.approved", "dbaccess")) == 1
    assert world.audited().count(("grant.applied", "dbaccess")) == 1
    assert sum("You can connect" in told for told in world.told(RITA)) == 1
    assert len(world.whispered(ALICE)) + len(world.whispered(BOB)) == 7


def test_an_approver_cannot_decide_on_their_own_request(world: World) -> None:
    card = asked(world, by=ALICE)

    world.presses(ALICE, card, "Approve")

    assert_refused(world, ALICE, "You cannot decide on your own request", f"<@{BOB}>")
    world.presses(BOB, card, "Approve")
    assert TRUSTED in world.sources()


def test_an_approver_may_decide_on_their_own_request_where_the_policy_says_so(
    worlds: Worlds,
) -> None:
    world = worlds(policy(self_approval=True))

    world.presses(ALICE, asked(world, by=ALICE), "Approve")

    assert TRUSTED in world.sources()


def test_own_approval_is_one_of_two_where_the_policy_says_so(worlds: Worlds) -> None:
    world = worlds(policy(self_approval=True, approvals=2))

    world.presses(ALICE, asked(world, by=ALICE), "Approve")

    assert_undecided(world)


def test_a_colleague_who_is_no_approver_cannot_decide(world: World) -> None:
    card = asked(world)

    world.presses(OSCAR, card, "Approve")

    assert_refused(world, OSCAR, "You are not an approver", f"<@{ALICE}>, <@{BOB}>")


def test_the_requester_who_is_no_approver_cannot_decide(world: World) -> None:
    world.presses(RITA, asked(world), "Approve")

    assert_undecided(world)
    assert "You are not an approver" in world.whispered(RITA)[-1]


@pytest.mark.parametrize("who", [EVE, GITA, "U0ROBOT"], ids=["outsider", "guest", "bot"])
def test_only_full_members_decide_even_where_the_policy_names_others(
    worlds: Worlds, who: str
) -> None:
    world = worlds(policy(approvers=[ALICE, EVE, GITA, "U0ROBOT"]))
    world.slack.add_user("U0ROBOT", "robot", is_bot=True)

    world.presses(who, asked(world), "Approve")

    assert_refused(world, who, "Only full members of this workspace may decide")


def test_whoever_was_deactivated_no_longer_decides(world: World) -> None:
    card = asked(world)
    world.slack.deactivate_user(ALICE, tell_bot=False)
    world.forget(ALICE)

    world.presses(ALICE, card, "Approve")

    assert_refused(world, ALICE, "Only full members of this workspace may decide")


def test_whoever_was_taken_out_of_the_policy_no_longer_decides(world: World) -> None:
    card = asked(world)
    world.govern(policy(approvers=[BOB]))

    world.presses(ALICE, card, "Approve")

    assert_refused(world, ALICE, "You are not an approver")


def test_a_member_of_an_approving_group_decides(worlds: Worlds) -> None:
    world = worlds(policy(approvers=[ADMINS]))
    card = asked(world)
    assert f"<!subteam^{ADMINS}>" in card.all_text

    world.presses(BOB, card, "Approve")

    assert TRUSTED in world.sources()


def test_whoever_left_the_approving_group_no_longer_decides(worlds: Worlds) -> None:
    world = worlds(policy(approvers=[ADMINS]))
    card = asked(world)
    world.slack.set_group_members(ADMINS, [ALICE])

    world.presses(BOB, card, "Approve")

    assert_refused(world, BOB, "You are not an approver")


def test_whoever_asked_when_the_policy_was_laxer_gets_what_it_says_now(world: World) -> None:
    card = asked(world)
    world.govern(policy(max_duration="1h"))

    world.presses(ALICE, card, "Approve")

    assert_undecided(world)
    assert "`2h` is too long. This cluster allows at most `1h`." in world.whispered(ALICE)[-1]


def test_more_approvals_are_needed_if_the_policy_was_tightened_meanwhile(world: World) -> None:
    card = asked(world)
    world.govern(policy(approvals=2))

    world.presses(ALICE, card, "Approve")

    assert_undecided(world)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(500, target="users.info", times=None),
        Fault.reset(target="users.info", times=None),
        Fault.status(500, target="usergroups.list", times=None),
        Fault.status(500, target="auth.test", times=None),
    ],
    ids=["error", "cut line", "no groups", "no team"],
)
def test_while_slack_does_not_say_who_somebody_is_the_answer_is_no(
    worlds: Worlds, fault: Fault
) -> None:
    world = worlds(policy(approvers=[ADMINS]))
    card = asked(world)
    world.forget(BOB)
    world.slack.faults.add(fault)
    world.restart()

    world.presses(BOB, card, "Approve")
    assert_undecided(world)
    assert world.whispered(BOB) == []
    world.pass_time(seconds=31)

    assert_undecided(world)
    assert "Slack didn't confirm your rights" in world.whispered(BOB)[-1]
    world.slack.faults.clear()
    world.presses(BOB, card, "Approve")
    assert TRUSTED in world.sources()


@both_databases
def test_a_click_outlives_a_moment_without_slack(world: World) -> None:
    card = asked(world)
    world.slack.faults.add(Fault.status(500, target="users.info", times=2))

    world.presses(ALICE, card, "Approve")
    assert_undecided(world)
    world.pass_time(seconds=3)
    world.pass_time(seconds=3)

    assert TRUSTED in world.sources()


def test_a_denial_gives_its_reason_to_the_channel_and_to_the_requester(world: World) -> None:
    card = asked(world)

    answer = world.denies(BOB, card, "use the replica <!here>")

    assert answer.status == 200
    assert world.slack.modal(BOB) is None
    assert world.card.buttons == []
    assert f"denied* by <@{BOB}>" in world.card.text
    assert "use the replica" in world.card.all_text
    assert f"denied* by <@{BOB}>" in world.told(RITA)[-1]
    assert "use the replica" in world.told(RITA)[-1]
    assert "<!here>" not in world.card.text
    assert world.writes() == 0
    assert ("request.denied", BOB) in world.audited()


def test_the_form_behind_deny_says_what_it_is_about(world: World) -> None:
    card = asked(world)

    world.slack.click(ALICE, card, "Deny")
    form = world.eventually(lambda: world.slack.modal(ALICE))

    assert form["title"]["text"] == "Deny request #1"
    assert IP in json.dumps(form["blocks"])
    assert_undecided(world)


def test_a_denial_without_a_reason_keeps_the_form_open(world: World) -> None:
    answer = world.denies(ALICE, asked(world), "   ")

    assert answer.errors == {"reason": "Say why, in a few words."}
    assert world.slack.modal(ALICE) is not None
    assert_undecided(world)


def test_a_denial_by_somebody_without_the_right_changes_nothing(world: World) -> None:
    world.denies(OSCAR, asked(world), "because I can")

    assert_refused(world, OSCAR, "You are not an approver")


@both_databases
def test_a_denial_that_comes_after_the_approval_changes_nothing(world: World) -> None:
    card = asked(world)
    world.slack.click(BOB, card, "Deny")
    world.eventually(lambda: world.slack.modal(BOB))
    world.presses(ALICE, card, "Approve")

    world.slack.submit(BOB, {"Reason": "too late"})
    world.settle()

    assert TRUSTED in world.sources()
    assert "#1 was already approved" in world.whispered(BOB)[-1]


@both_databases
def test_a_request_that_nobody_decides_lapses_and_says_so(world: World) -> None:
    card = asked(world)

    world.pass_time(hours=3, minutes=59, seconds=59)
    assert world.card.buttons == ["Approve", "Deny"]
    world.pass_time(seconds=1)

    assert world.request().state is RequestState.LAPSED
    assert world.card.buttons == []
    assert "nobody decided" in world.card.text
    assert "expired" in world.told(RITA)[-1]
    assert "Ask again" in world.told(RITA)[-1]

    world.presses(ALICE, card, "Approve")
    assert "has expired" in world.whispered(ALICE)[-1]
    assert world.grants() == []


@both_databases
def test_a_request_whose_time_is_up_is_not_approved_even_before_the_worker_looks(
    world: World,
) -> None:
    card = asked(world)
    world.clock.advance(hours=4)
    world.slack.click(ALICE, card, "Approve")

    world.worker.run_periodic_job("command_queue")  # before `lapse`

    assert world.grants() == []
    world.settle()
    assert world.request().state is RequestState.LAPSED


def test_a_decision_after_the_request_was_withdrawn_changes_nothing(world: World) -> None:
    card = asked(world)
    world.types(RITA, "cancel 1")

    world.presses(ALICE, card, "Approve")

    assert "#1 was already cancelled. Nothing was changed." in world.whispered(ALICE)[-1]
    assert world.grants() == []
    assert world.writes() == 0


def test_a_request_for_a_cluster_that_left_the_policy_cannot_be_decided(world: World) -> None:
    card = asked(world)
    world.govern(policy({"analytics": {"id": "1b2f7a90-6f0c-4f3a-9a53-0f6d5c1f9f11"}}))

    world.presses(ALICE, card, "Approve")

    assert_undecided(world)
    assert "dbaccess no longer manages `orders`" in world.whispered(ALICE)[-1]


@both_databases
def test_a_decision_outlives_a_restart_between_the_click_and_its_effect(world: World) -> None:
    card = asked(world)
    world.slack.click(ALICE, card, "Approve")
    assert world.grants() == []

    world.restart()

    assert TRUSTED in world.sources()


@both_databases
def test_the_grant_lasts_from_the_approval_not_from_the_request(world: World) -> None:
    card = asked(world)
    world.pass_time(hours=3)

    world.presses(ALICE, card, "Approve")

    grant = world.grant()
    assert grant.approved_at == world.clock.now()
    assert grant.expires_at == world.clock.now() + timedelta(hours=2)
    label = {r["value"]: r.get("description", "") for r in world.digitalocean.rules(ORDERS)}[IP]
    assert label == f"dbaccess/test #1 until {grant.expires_at:%Y-%m-%dT%H:%M:%SZ}"


def test_one_group_that_is_gone_does_not_lock_the_members_of_another_out(worlds: Worlds) -> None:
    world = worlds(policy(approvers=["S0GONE", ADMINS]))
    world.presses(BOB, asked(world), "Approve")
    assert TRUSTED in world.sources()


def test_one_approval_is_enough_once_the_policy_says_so(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    world.presses(ALICE, asked(world), "Approve")
    world.govern(policy(approvals=1))
    world.presses(ALICE, world.card, "Approve")
    assert TRUSTED in world.sources()


def test_what_too_few_people_could_approve_is_refused_when_it_is_asked(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    answer = world.types(ALICE, ASK)
    assert "needs 2 approvals. Besides you, only 1 can approve" in answer.text
    assert world.slack.messages(APPROVALS) == []
