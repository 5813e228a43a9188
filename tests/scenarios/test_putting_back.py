"""Put it back: what somebody removed outside goes on within the time that it was approved for."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.audit_actions import Action
from bot.domain.lifecycle import RequestKind, RequestState
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.world import (
    ALICE,
    APPROVALS,
    BOB,
    EVE,
    IP,
    OFFICE,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

both_databases = pytest.mark.both_databases  # where SQL decides: order, time, locks, counting

Worlds = Callable[[dict[str, Any]], World]
TRUSTED = f"ip_addr:{IP}"
BEFORE = [("ip_addr", "198.51.100.7"), ("tag", "backend")]
PUT_IT_BACK = "Put back"


def removed_outside(world: World) -> Message:
    """Lend two hours and let a colleague take the rule away; return what Rita is told."""
    world.granted()
    world.pass_time(minutes=2)
    world.digitalocean.terraform_apply(ORDERS, BEFORE)
    world.pass_time(minutes=5)
    assert world.grant().end_reason == "removed_outside"
    return world.slack.dms(RITA)[-1]


@both_databases
def test_the_holder_puts_it_back_without_a_new_approval_and_it_ends_when_it_would_have(
    world: World,
) -> None:
    told = removed_outside(world)
    assert told.buttons == [PUT_IT_BACK]

    world.presses(RITA, told, PUT_IT_BACK)

    assert TRUSTED in world.sources()
    first, second = world.grant(1), world.grant(2)
    assert (first.state, second.state) == ("ended", "active")
    assert (second.approved_at, second.expires_at) == (first.approved_at, first.expires_at)
    assert not [action for action, _ in world.audited() if action == Action.ALARMED]
    assert world.request(2).kind is RequestKind.PUT_BACK
    assert world.request(2).decisions == world.request(1).decisions
    assert "You can connect" in world.told(RITA)[-1]
    world.pass_time(hours=1, minutes=53)
    assert TRUSTED not in world.sources()
    assert world.grant(2).end_reason == "expired"


@both_databases
def test_everybody_concerned_reads_what_was_put_back_by_whom_and_who_approved_it(
    world: World,
) -> None:
    told = removed_outside(world)
    first_card = world.card

    world.presses(RITA, told, PUT_IT_BACK)

    assert f"*Access #1 of <@{RITA}> was put back*" in world.card.text
    assert f"Approved by <@{ALICE}>" in world.card.all_text
    assert "fixing the nightly job" in world.card.all_text
    assert world.card.buttons == []
    thread = [reply.all_text for reply in world.slack.thread(APPROVALS, first_card.ts)]
    for shown in (thread[-1], world.slack.dms(RITA)[-2].all_text):
        assert f"*<@{RITA}> put access #1 back* as access #2" in shown
    assert ("grant.put_back", RITA) in world.audited()
    world.types(RITA, "history")
    world.eventually(lambda: "#1 put back" in world.whispered(RITA)[-1])


def test_what_offered_to_put_it_back_says_where_it_goes_on_and_for_how_long(world: World) -> None:
    told = removed_outside(world)

    world.presses(RITA, told, PUT_IT_BACK)

    _, before, works = world.slack.dms(RITA)
    assert before.ts == told.ts
    assert before.buttons == []
    assert world.slack.thread(APPROVALS, world.slack.messages(APPROVALS)[0].ts)[-1].buttons == []
    assert "1h53m left" in works.text
    assert "m0" not in before.text
    assert "until" in before.text
    assert len(world.whispered(RITA)) == 1, "only the answer to the request itself"


def test_an_approver_puts_it_back_from_the_thread(world: World) -> None:
    removed_outside(world)
    in_thread = world.slack.thread(APPROVALS, world.card.ts)[-1]

    world.presses(BOB, in_thread, PUT_IT_BACK)

    assert TRUSTED in world.sources()
    assert world.grant(2).requester == RITA
    assert ("grant.put_back", BOB) in world.audited()


@pytest.mark.parametrize("user", [OSCAR, EVE])
def test_p4_nobody_else_puts_it_back(world: World, user: str) -> None:
    removed_outside(world)

    world.presses(user, world.slack.thread(APPROVALS, world.card.ts)[-1], PUT_IT_BACK)

    assert TRUSTED not in world.sources()
    assert len(world.grants()) == 1


@both_databases
def test_it_is_put_back_once_whatever_is_pressed_and_by_whom(world: World) -> None:
    told = removed_outside(world)
    in_thread = world.slack.thread(APPROVALS, world.card.ts)[-1]
    for user, message in ((RITA, told), (RITA, told), (BOB, in_thread)):
        world.slack.click(user, message, PUT_IT_BACK)
    world.settle()

    assert len(world.grants()) == 2
    assert "#1 was already put back, as #2" in world.whispered(BOB)[-1]

    world.types(RITA, "revoke 2")
    world.presses(RITA, told, PUT_IT_BACK)
    assert TRUSTED not in world.sources(), "who handed it back has handed it back"


def test_what_was_put_back_and_is_removed_again_can_be_put_back_again(world: World) -> None:
    world.presses(RITA, removed_outside(world), PUT_IT_BACK)
    world.pass_time(minutes=2)
    world.digitalocean.terraform_apply(ORDERS, BEFORE)
    world.pass_time(minutes=5)

    world.presses(RITA, world.slack.dms(RITA)[-1], PUT_IT_BACK)

    assert TRUSTED in world.sources()
    assert world.request(3).puts_back == 2
    assert world.grant(3).expires_at == world.grant(1).expires_at


@both_databases
def test_p3_what_is_over_is_not_put_back(world: World) -> None:
    told = removed_outside(world)
    world.pass_time(minutes=113)

    world.presses(RITA, told, PUT_IT_BACK)

    assert "The approved time of access #1 is over" in world.whispered(RITA)[-1]
    assert len(world.grants()) == 1
    assert TRUSTED not in world.sources()


def test_p4_only_what_was_removed_outside_is_put_back(world: World) -> None:
    told = removed_outside(world)
    world.granted(f"request {IP} 2h orders")
    world.types(RITA, "revoke 2")
    forged = json.loads(json.dumps(told.blocks).replace('"value": "1@', '"value": "2@'))
    assert forged != told.blocks

    world.presses(RITA, replace(told, blocks=forged), PUT_IT_BACK)

    assert "Access #2 wasn't removed outside dbaccess" in world.whispered(RITA)[-1]
    assert TRUSTED not in world.sources()


def test_who_asked_again_already_needs_no_second_grant(world: World) -> None:
    told = removed_outside(world)
    world.granted()

    world.presses(RITA, told, PUT_IT_BACK)

    assert "Access from there is already open: #2, for `2h` more" in world.whispered(RITA)[-1]
    assert len(world.grants()) == 2


def test_a_request_for_the_same_that_still_waits_is_withdrawn(world: World) -> None:
    told = removed_outside(world)
    world.types(RITA, f"request {IP} 2h orders")

    world.presses(RITA, told, PUT_IT_BACK)

    assert world.request(2).state is RequestState.CANCELLED
    assert world.grant(3).state == "active"


@both_databases
def test_p2_nothing_is_put_back_on_a_cluster_that_was_opened_to_the_world(world: World) -> None:
    world.granted()
    world.pass_time(minutes=2)
    world.digitalocean.replace_rules(ORDERS, [])
    world.pass_time(minutes=5)

    world.presses(RITA, world.slack.dms(RITA)[-1], PUT_IT_BACK)

    assert world.sources() == set()
    assert len(world.grants()) == 1


@both_databases
def test_p5_a_rule_that_a_colleague_added_meanwhile_stays_theirs(world: World) -> None:
    told = removed_outside(world)
    theirs = world.digitalocean.add_rule(ORDERS, "ip_addr", IP, "added by hand")

    world.presses(RITA, told, PUT_IT_BACK)
    assert world.grant(2).owned is False
    world.pass_time(hours=2)

    assert theirs in world.digitalocean.rules(ORDERS)


def test_a_policy_that_has_changed_since_is_the_one_that_counts(worlds: Worlds) -> None:
    world = worlds(policy())
    removed_outside(world)
    world.govern(policy(source_types=["tag"]))

    world.presses(RITA, world.slack.dms(RITA)[-1], PUT_IT_BACK)

    assert "This cluster doesn't take" in world.whispered(RITA)[-1]
    assert TRUSTED not in world.sources()


def test_more_time_for_what_was_put_back_counts_from_the_first_approval(worlds: Worlds) -> None:
    world = worlds(policy(max_duration="2h"))
    world.presses(RITA, removed_outside(world), PUT_IT_BACK)

    world.types(RITA, "extend 2 30m")

    assert "has reached its maximum" in world.whispered(RITA)[-1]


def test_a_rule_that_was_adopted_is_not_added_by_us(world: World) -> None:
    world.adopts(ALICE, "adopt orders 198.51.100.7 1w")
    world.pass_time(minutes=2)
    world.digitalocean.terraform_apply(ORDERS, BEFORE[1:])
    world.pass_time(minutes=5)

    assert world.grant().end_reason == "removed_outside"
    assert world.grant().expires_at - world.grant().approved_at == timedelta(weeks=1)
    assert world.slack.dms(ALICE)[-1].buttons == []
    assert OFFICE["value"] not in str(world.digitalocean.rules(ORDERS))
