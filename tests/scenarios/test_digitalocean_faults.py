"""What DigitalOcean, and the others who write the same list, can do to a grant."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.labels import label
from bot.domain.lifecycle import EndReason, GrantState
from dbaccess_playground.digitalocean.clusters import Change
from dbaccess_playground.faults import Fault
from tests.scenarios.world import (
    ALICE,
    ANALYTICS,
    APPROVALS,
    IP,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

TRUSTED = f"ip_addr:{IP}"
OTHER_IP, THIRD_IP = "203.0.113.5", "203.0.113.6"
FOREIGN = {"ip_addr:198.51.100.7", "tag:backend"}
TWO_CLUSTERS = {"orders": {"id": ORDERS}, "analytics": {"id": ANALYTICS}}

Worlds = Callable[[dict[str, Any]], World]


def asked(world: World, text: str = f"request {IP} 2h orders", *, by: str = RITA) -> None:
    """Have somebody ask and Alice approve; the worker has not seen it yet."""
    world.types(by, text)
    world.slack.click(ALICE, world.card, "Approve")


def our_rule(world: World, value: str = IP) -> dict[str, str]:
    [rule] = [rule for rule in world.digitalocean.rules(ORDERS) if rule["value"] == value]
    return rule


def works(world: World, number: int) -> int:
    """How often it was said that a grant is open."""
    return sum(
        "You can connect" in heard and f"Access #{number}" in heard for heard in world.heard(RITA)
    )


# The way when all is well.


def test_from_the_click_to_an_active_grant_it_takes_three_calls(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    before = len(world.digitalocean.calls)

    world.presses(ALICE, world.card, "Approve")

    calls = world.digitalocean.calls[before:]
    assert [call.method for call in calls] == ["GET", "PUT", "GET"]
    assert world.grant().state == GrantState.ACTIVE


def test_the_rules_are_looked_at_again_within_a_minute_and_then_now_and_then(world: World) -> None:
    world.granted()
    before = len(world.digitalocean.calls)
    world.pass_time(seconds=60)
    assert len(world.digitalocean.calls) == before + 1
    for _ in range(3):
        world.pass_time(minutes=5)
    assert len(world.digitalocean.calls) == before + 4
    assert world.writes() == 1


# Calls that go wrong.


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize(
    "fault",
    [
        lambda aim: Fault.status(500, **aim),
        lambda aim: Fault.status(503, **aim),
        lambda aim: Fault.reset(**aim),
        lambda aim: Fault.half_body(**aim),
        lambda aim: Fault.lost_answer(**aim),
        lambda aim: Fault.lost_answer(code=504, **aim),
    ],
    ids=["500", "503", "reset", "half-body", "lost", "lost-504"],
)
def test_one_call_that_goes_wrong_is_made_up_for_at_once(
    world: World, fault: Callable[[dict[str, Any]], Fault], method: str
) -> None:
    asked(world)
    world.digitalocean.faults.add(fault({"method": method}))
    world.settle()

    assert world.digitalocean.faults.pending() == []
    assert world.sources() == {*FOREIGN, TRUSTED}
    assert world.grant().state == GrantState.ACTIVE
    assert works(world, 1) == 1
    assert len(world.thread()) == 1

    world.pass_time(hours=2)
    assert world.sources() == FOREIGN


def test_a_write_whose_answer_was_lost_is_not_written_twice(world: World) -> None:
    asked(world)
    world.digitalocean.faults.add(Fault.lost_answer(method="PUT"))
    world.settle()

    assert world.writes() == 1
    assert world.grant().state == GrantState.ACTIVE
    assert world.grant().owned is True


def test_a_lost_answer_is_made_up_for_though_the_api_stays_away_after_it(world: World) -> None:
    asked(world)
    world.digitalocean.faults.add(Fault.lost_answer(method="PUT"))
    world.digitalocean.subscribe(
        lambda event: (
            world.digitalocean.faults.add(Fault.status(503, method="GET", times=3))
            if isinstance(event, Change)
            else None
        )
    )
    world.settle()
    assert TRUSTED in world.sources()
    assert world.grant().state == GrantState.APPLYING
    assert works(world, 1) == 0

    world.restart(seconds=30)
    assert world.writes() == 1
    assert world.grant().state == GrantState.ACTIVE
    assert world.grant().owned is True
    assert works(world, 1) == 1


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_call_that_hangs_holds_up_nothing_else_and_is_made_up_for(
    world: World, method: str
) -> None:
    asked(world)
    world.digitalocean.faults.add(Fault.hang(method=method))
    worker = threading.Thread(target=world.settle)
    worker.start()
    world.eventually(lambda: world.digitalocean.faults.hanging)

    assert world.slack.command(RITA, "list", channel_id="C0GENERAL").error is None

    world.digitalocean.faults.clear()
    worker.join(timeout=30)
    world.settle()
    assert world.grant().state == GrantState.ACTIVE
    assert works(world, 1) == 1


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_too_many_calls_are_made_later(world: World, method: str) -> None:
    asked(world)
    world.digitalocean.faults.add(Fault.status(429, retry_after=1, method=method))
    world.settle()

    def is_active() -> bool:
        world.pass_time(seconds=2)
        return world.grant().state == GrantState.ACTIVE

    world.eventually(is_active)
    assert works(world, 1) == 1


def test_no_call_is_made_before_the_time_that_the_rate_limit_names(world: World) -> None:
    asked(world)
    world.digitalocean.faults.add(Fault.status(429, retry_after=3600, method="PUT"))
    world.settle()
    made = len(world.digitalocean.calls)

    for _ in range(11):
        world.pass_time(minutes=5)
    assert len(world.digitalocean.calls) == made
    assert any("rate limit" in told for told in world.operators())

    world.restart(minutes=10)
    assert world.grant().state == GrantState.ACTIVE


@pytest.mark.parametrize("code", [401, 404])
def test_one_cluster_in_trouble_keeps_no_other_waiting(worlds: Worlds, code: int) -> None:
    world = worlds(policy(TWO_CLUSTERS))
    world.digitalocean.faults.add(Fault.status(code, target=ORDERS, times=None))
    asked(world, f"request {IP} 2h orders")
    asked(world, f"request {IP} 1h analytics")
    world.settle()
    assert TRUSTED in world.sources(ANALYTICS)
    assert world.grant(1).state == GrantState.APPLYING

    world.pass_time(minutes=5)
    assert len(world.operators()) == 1
    assert "orders" in world.operators()[0]
    world.pass_time(minutes=55)
    assert TRUSTED not in world.sources(ANALYTICS)

    world.digitalocean.faults.clear()
    world.pass_time(minutes=1)
    assert TRUSTED in world.sources(ORDERS)
    assert world.sources(ORDERS) == {*FOREIGN, TRUSTED}


def test_an_answer_without_rules_is_not_taken_for_an_empty_list(world: World) -> None:
    world.granted()
    world.digitalocean.faults.add(Fault.status(404, method="GET", times=None))
    world.pass_time(hours=2)
    assert world.grant().state == GrantState.REMOVING
    assert world.writes() == 1

    world.digitalocean.faults.clear()
    world.pass_time(minutes=1)
    assert world.sources() == FOREIGN


def test_an_approval_that_could_not_be_applied_before_its_end_never_is(world: World) -> None:
    world.digitalocean.faults.add(Fault.status(401, times=None))
    world.granted()
    world.pass_time(hours=2)
    world.digitalocean.faults.clear()
    world.pass_time(minutes=1)

    assert world.writes() == 0
    assert world.grant().state == GrantState.ENDED
    assert world.grant().end_reason == EndReason.FAILED
    assert "#1" in world.told(RITA)[-1]


def test_one_bad_rule_fails_with_the_words_of_the_api_and_the_others_are_applied(
    world: World,
) -> None:
    def refuse_the_second(event: object) -> None:
        if isinstance(event, Change) and TRUSTED in world.sources():
            world.digitalocean.faults.add(Fault.status(422, method="PUT"))
            stop()

    stop = world.digitalocean.subscribe(refuse_the_second)
    for ip in (IP, OTHER_IP, THIRD_IP):
        world.types(RITA, f"request {ip} 2h orders")
    for card in world.slack.messages(APPROVALS):
        world.slack.click(ALICE, card, "Approve")
    world.digitalocean.faults.add(Fault.status(422, method="PUT"))
    world.settle()

    assert world.sources() == {*FOREIGN, TRUSTED, f"ip_addr:{THIRD_IP}"}
    assert [grant.state for grant in world.grants()] == [
        GrantState.ACTIVE,
        GrantState.ENDED,
        GrantState.ACTIVE,
    ]
    assert world.grant(2).end_reason == EndReason.FAILED
    [why] = [told for told in world.told(RITA) if "DigitalOcean rejected the rule" in told]
    assert "#2" in why
    assert "Unprocessable" in why
    assert world.operators() == []


# Others who write the same list.


def test_a_rule_that_lost_its_label_to_doctl_stays_ours(world: World) -> None:
    world.granted()
    before = our_rule(world)
    world.digitalocean.doctl_append(ORDERS, "ip_addr", OTHER_IP)
    assert "description" not in our_rule(world)

    world.pass_time(minutes=10)
    assert world.grant().state == GrantState.ACTIVE
    assert our_rule(world) == before, "its label is put back at the next look"
    assert world.writes() == 2
    [told] = [text for text in world.operators() if "Another tool rewrote" in text]
    assert "#1" in told

    world.digitalocean.doctl_remove(ORDERS, "tag", "backend")
    world.pass_time(minutes=10)
    assert our_rule(world) == before
    assert len(world.operators()) == 1, "not told again within the hour"

    world.pass_time(hours=2)
    assert world.sources() == {*FOREIGN, f"ip_addr:{OTHER_IP}"} - {"tag:backend"}


def test_a_rule_that_lost_its_label_goes_at_the_end_without_another_write(world: World) -> None:
    world.granted()
    world.digitalocean.doctl_remove(ORDERS, "tag", "backend")
    world.restart(hours=2)
    assert world.sources() == FOREIGN - {"tag:backend"}


def test_terraform_within_a_minute_is_a_lost_race_and_the_rule_is_written_again(
    world: World,
) -> None:
    world.granted()
    terraforms = [("ip_addr", "198.51.100.7"), ("tag", "backend")]
    world.digitalocean.terraform_apply(ORDERS, terraforms)

    world.pass_time(seconds=40)

    assert world.sources() == {*FOREIGN, TRUSTED}
    assert world.grant().state == GrantState.ACTIVE
    assert "again" in world.told(RITA)[-1]
    world.pass_time(hours=2)
    assert world.sources() == FOREIGN


def test_a_stale_list_that_is_written_over_ours_is_a_lost_race(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")

    def approve() -> None:
        world.presses(ALICE, world.card, "Approve")

    world.digitalocean.doctl_append(
        ORDERS,
        "ip_addr",
        OTHER_IP,
        meanwhile=approve,
    )
    assert TRUSTED not in world.sources()

    world.pass_time(seconds=40)

    assert world.sources() == {*FOREIGN, TRUSTED, f"ip_addr:{OTHER_IP}"}
    assert world.grant().state == GrantState.ACTIVE


def test_a_stale_list_that_brings_an_ended_rule_back_is_cleaned_up(world: World) -> None:
    world.granted()
    world.digitalocean.doctl_append(
        ORDERS, "ip_addr", OTHER_IP, meanwhile=lambda: world.pass_time(hours=2)
    )
    assert TRUSTED in world.sources()

    world.pass_time(seconds=40)

    assert world.sources() == {*FOREIGN, f"ip_addr:{OTHER_IP}"}


def test_a_rule_that_somebody_removes_ends_its_grant(world: World) -> None:
    world.granted()
    world.pass_time(minutes=10)
    world.digitalocean.remove_rule(ORDERS, "ip_addr", IP)

    world.pass_time(minutes=5)

    assert world.grant().end_reason == EndReason.REMOVED_OUTSIDE
    assert "outside" in world.told(RITA)[-1]
    assert "outside" in world.thread()[-1]
    world.pass_time(minutes=30)
    assert world.sources() == FOREIGN
    assert world.writes() == 1


def test_a_rule_that_somebody_removes_is_put_back_where_the_policy_says_so(
    worlds: Worlds,
) -> None:
    world = worlds(policy(on_outside_removal="restore"))
    world.granted()
    label_before = our_rule(world)["description"]
    world.pass_time(minutes=10)
    world.digitalocean.remove_rule(ORDERS, "ip_addr", IP)

    world.pass_time(minutes=5)

    assert our_rule(world)["description"] == label_before
    assert world.grant().state == GrantState.ACTIVE
    assert "again" in world.told(RITA)[-1]
    world.pass_time(hours=2)
    assert world.sources() == FOREIGN


def test_an_extension_is_written_into_the_label(world: World) -> None:
    world.granted(f"request {IP} 1h orders")
    world.types(RITA, "extend 1 1h")
    world.presses(ALICE, world.card, "Approve")

    until = world.grant().expires_at
    assert until - world.grant().approved_at == timedelta(hours=2)
    assert our_rule(world)["description"] == str(label("test", 1, until))
    world.pass_time(minutes=119)
    assert TRUSTED in world.sources()
    world.pass_time(minutes=1)
    assert world.sources() == FOREIGN


def test_a_revoked_grant_goes_even_where_another_was_applied_in_the_same_breath(
    world: World,
) -> None:
    world.granted()
    world.types(OSCAR, f"request {OTHER_IP} 2h orders")
    world.slack.click(ALICE, world.card, "Approve")
    world.types(RITA, "revoke 1")

    assert world.sources() == {*FOREIGN, f"ip_addr:{OTHER_IP}"}
    assert world.grant(1).end_reason == EndReason.REVOKED
    assert world.writes() == 2, "one write takes the one away and brings the other"
