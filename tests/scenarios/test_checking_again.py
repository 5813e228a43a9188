"""P4: not only the last click is checked, but all of it, at the approval and before the write."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.lifecycle import RequestState
from dbaccess_playground.digitalocean.clusters import Change
from dbaccess_playground.faults import Fault
from tests.scenarios.deciding import ASK, TRUSTED, asked
from tests.scenarios.world import (
    ADMINS,
    ALICE,
    ANALYTICS,
    APPROVALS,
    BOB,
    IP,
    OFFICE,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]

DEVELOPERS = "S0DEVELOPERS"
PRIVATE = "10.1.2.3"
OFFICE_RULE = {"requesters": [RITA], "sources": ["203.0.113.0/24"], "max_duration": "2h"}
EMERGENCY = {"requesters": [RITA], "max_duration": "2h"}
ANOTHER_CLUSTER = {"analytics": {"id": ANALYTICS}}


def half_approved(world: World) -> None:
    """Let Rita ask and Alice give the first of two approvals."""
    asked(world)
    world.presses(ALICE, world.card, "Approve")
    assert world.request().approvers == (ALICE,)


def assert_one_of_two(world: World) -> None:
    """Bob's approval stands alone, as the card and the thread say."""
    assert world.request().state is RequestState.PENDING
    assert world.request().approvers == (BOB,)
    assert world.grants() == []
    assert f"Approvals 1/2 (<@{BOB}>)" in world.card.text
    assert f"No longer an approver: <@{ALICE}>." in str(world.thread())
    assert ("request.approval_dropped", "dbaccess") in world.audited()


def approved_while_digitalocean_is_away(world: World, text: str = ASK) -> None:
    """Have access approved that cannot be written yet."""
    world.digitalocean.faults.add(Fault.status(503, times=None))
    world.types(RITA, text)
    if world.request().state is RequestState.PENDING:
        world.presses(ALICE, world.card, "Approve")
    assert world.grant().state == "applying"


def digitalocean_is_back(world: World) -> None:
    world.digitalocean.faults.clear()
    world.pass_time(minutes=1)


def assert_never_written(world: World, why: str) -> None:
    """The grant failed, and its holder, the thread and the audit hear why."""
    assert TRUSTED not in world.sources()
    assert (world.grant().state, world.grant().end_reason) == ("ended", "failed")
    assert why in world.told(RITA)[-1]
    assert why in world.thread()[-1]
    assert ("grant.ended", "dbaccess") in world.audited()


# When the last approval comes


def test_p4_an_earlier_approver_who_was_struck_from_the_policy_no_longer_counts(
    worlds: Worlds,
) -> None:
    world = worlds(policy(approvals=2))
    half_approved(world)
    world.govern(policy(approvals=2, approvers=[BOB, OSCAR]))

    world.presses(BOB, world.card, "Approve")

    assert_one_of_two(world)
    world.presses(OSCAR, world.card, "Approve")
    assert TRUSTED in world.sources()
    assert f"approved* by <@{BOB}>, <@{OSCAR}>" in world.card.text


def test_p4_an_earlier_approver_who_left_the_group_a_moment_ago_no_longer_counts(
    worlds: Worlds,
) -> None:
    world = worlds(policy(approvals=2, approvers=[ADMINS]))
    world.slack.set_group_members(ADMINS, [ALICE, BOB])
    half_approved(world)
    world.slack.set_group_members(ADMINS, [BOB])

    world.presses(BOB, world.card, "Approve")

    assert_one_of_two(world)


@pytest.mark.parametrize("tell_bot", [True, False], ids=["told", "unheard"])
def test_p4_an_earlier_approver_who_was_deactivated_no_longer_counts(
    worlds: Worlds, *, tell_bot: bool
) -> None:
    world = worlds(policy(approvals=2, approvers=[ALICE, BOB, OSCAR]))
    half_approved(world)
    world.slack.deactivate_user(ALICE, tell_bot=tell_bot)
    world.settle()

    world.presses(BOB, world.card, "Approve")

    assert_one_of_two(world)


def test_p4_the_card_says_at_once_that_the_approval_of_who_left_does_not_count(
    worlds: Worlds,
) -> None:
    world = worlds(policy(approvals=2, approvers=[ALICE, BOB, OSCAR]))
    half_approved(world)

    world.slack.deactivate_user(ALICE)
    world.settle()

    assert world.request().approvers == ()
    assert "Approvals 0/2" in world.card.text


def test_p4_who_asked_and_was_deactivated_unheard_is_not_granted_access(world: World) -> None:
    asked(world)
    world.slack.deactivate_user(RITA, tell_bot=False)

    world.presses(ALICE, world.card, "Approve")

    assert world.grants() == []
    assert "account is no longer active" in world.whispered(ALICE)[-1]
    assert "account is no longer active" in world.thread()[-1]
    assert ("decision.refused", ALICE) in world.audited()


def test_p4_who_asked_and_left_the_group_that_may_ask_is_not_granted_access(
    worlds: Worlds,
) -> None:
    world = worlds(policy(requesters=[DEVELOPERS]))
    world.slack.add_group(DEVELOPERS, "developers", [RITA])
    asked(world)
    world.slack.set_group_members(DEVELOPERS, [OSCAR])

    world.presses(ALICE, world.card, "Approve")

    assert world.grants() == []
    assert "may no longer request access to this cluster" in world.whispered(ALICE)[-1]
    assert "may no longer request access to this cluster" in world.told(RITA)[-1]


def test_p4_private_addresses_that_are_no_longer_allowed_are_not_granted(worlds: Worlds) -> None:
    world = worlds(policy(allow_private=True))
    world.types(RITA, f"request {PRIVATE} 2h orders")
    world.govern(policy())

    world.presses(ALICE, world.card, "Approve")

    assert world.grants() == []
    assert "private" in world.told(RITA)[-1]


def test_p4_while_slack_says_nothing_of_an_earlier_approver_the_answer_is_not_yet(
    worlds: Worlds,
) -> None:
    world = worlds(policy(approvals=2, approvers=[ADMINS, BOB]))
    world.slack.set_group_members(ADMINS, [ALICE])
    half_approved(world)
    world.slack.faults.add(Fault.status(500, target="usergroups.list", times=None))

    world.presses(BOB, world.card, "Approve")
    assert world.whispered(BOB) == []
    world.pass_time(seconds=31)

    assert world.grants() == []
    assert "Slack didn't confirm everyone's rights" in world.whispered(BOB)[-1]
    world.slack.faults.clear()
    world.presses(BOB, world.card, "Approve")
    assert TRUSTED in world.sources()


# Before the first write


@pytest.mark.parametrize(
    ("later", "why"),
    [
        (policy(ANOTHER_CLUSTER), "no longer manages `orders`"),
        (policy(max_duration="1h"), "`2h` is too long"),
        (policy(source_types=["tag"]), "This cluster doesn't take"),
        (policy(requesters=[OSCAR]), "may no longer request access to this cluster"),
        (policy(approvers=[BOB]), "Its approver may no longer approve"),
        (policy(approvals=2), "It needs 2 approvals, and only 1"),
    ],
    ids=["cluster", "duration", "source", "requester", "approver", "approvals"],
)
def test_p4_what_the_policy_no_longer_allows_is_not_written(
    worlds: Worlds, later: dict[str, Any], why: str
) -> None:
    world = worlds(policy())
    approved_while_digitalocean_is_away(world)
    world.govern(later)

    digitalocean_is_back(world)

    assert_never_written(world, why)


def test_p4_what_a_written_policy_approved_that_is_gone_is_not_written(worlds: Worlds) -> None:
    world = worlds(policy(auto_approve=[OFFICE_RULE]))
    approved_while_digitalocean_is_away(world)
    world.govern(policy())

    digitalocean_is_back(world)

    assert_never_written(world, "written policy that approved it no longer covers it")


def test_p4_emergency_access_that_is_no_longer_allowed_is_not_written(worlds: Worlds) -> None:
    world = worlds(policy({"orders": {"id": ORDERS, "emergency": EMERGENCY}}))
    world.digitalocean.faults.add(Fault.status(503, times=None))
    world.types(RITA, f"emergency {IP} 2h orders everything is locked")
    world.eventually(lambda: world.slack.modal(RITA))
    world.slack.submit(RITA, {})
    world.settle()
    assert world.grant().state == "applying"
    world.govern(policy({"orders": {"id": ORDERS}}))

    digitalocean_is_back(world)

    assert_never_written(world, "emergency policy no longer covers it")


def test_p4_what_was_approved_by_somebody_who_left_since_is_not_written(world: World) -> None:
    approved_while_digitalocean_is_away(world)

    world.slack.deactivate_user(ALICE)
    world.settle()

    assert_never_written(world, "Its approver may no longer approve")


def test_what_still_holds_is_written_when_digitalocean_is_back(worlds: Worlds) -> None:
    world = worlds(policy(approvers=[ADMINS], requesters=[DEVELOPERS]))
    world.slack.add_group(DEVELOPERS, "developers", [RITA])
    world.slack.set_group_members(ADMINS, [ALICE])
    approved_while_digitalocean_is_away(world)
    world.restart()

    digitalocean_is_back(world)

    assert TRUSTED in world.sources()


def test_p4_a_rule_that_was_perhaps_written_goes_again_where_it_no_longer_holds(
    world: World,
) -> None:
    def nothing_can_be_read_any_more(event: object) -> None:
        if isinstance(event, Change):
            world.digitalocean.faults.add(Fault.status(503, method="GET", times=None))

    asked(world)
    world.digitalocean.faults.add(Fault.lost_answer(method="PUT"))
    stop = world.digitalocean.subscribe(nothing_can_be_read_any_more)
    world.presses(ALICE, world.card, "Approve")
    stop()
    assert (TRUSTED in world.sources(), world.grant().state) == (True, "applying")
    world.govern(policy(max_duration="1h"))

    digitalocean_is_back(world)

    assert_never_written(world, "`2h` is too long")


# When it is put back


def removed_outside(world: World) -> None:
    """Have an approved rule taken away by Terraform; time enough for that to be believed."""
    world.granted()
    take_the_rule_away(world)


def take_the_rule_away(world: World) -> None:
    world.pass_time(minutes=2)
    world.digitalocean.terraform_apply(ORDERS, [("ip_addr", OFFICE["value"]), ("tag", "backend")])
    world.pass_time(minutes=5)
    assert world.grant().end_reason == "removed_outside"


def puts_it_back(world: World, *, by: str = RITA) -> str:
    """Press the button; return what the one who pressed is told."""
    world.presses(by, world.slack.thread(APPROVALS, world.card.ts)[-1], "Put back")
    return world.whispered(by)[-1]


@pytest.mark.parametrize(
    ("later", "why"),
    [
        (policy(ANOTHER_CLUSTER), "dbaccess no longer manages `orders`"),
        (policy(max_duration="1h"), "`2h` is too long"),
        (policy(source_types=["tag"]), "This cluster doesn't take"),
        (policy(requesters=[OSCAR]), "may no longer request access to this cluster"),
        (policy(approvers=[BOB]), "Its approver may no longer approve"),
        (policy(approvals=2), "It needs 2 approvals, and only 1"),
    ],
    ids=["cluster", "duration", "source", "requester", "approver", "approvals"],
)
def test_p4_what_the_policy_no_longer_allows_is_not_put_back(
    worlds: Worlds, later: dict[str, Any], why: str
) -> None:
    world = worlds(policy())
    removed_outside(world)
    world.govern(later)

    told = puts_it_back(world)

    assert why in told
    assert TRUSTED not in world.sources()
    assert len(world.grants()) == 1


def test_p4_what_was_approved_by_somebody_who_left_unheard_is_not_put_back(world: World) -> None:
    removed_outside(world)
    world.slack.deactivate_user(ALICE, tell_bot=False)

    assert "Its approver may no longer approve" in puts_it_back(world)
    assert len(world.grants()) == 1


def test_p4_an_approver_does_not_put_it_back_for_somebody_who_left_unheard(world: World) -> None:
    removed_outside(world)
    world.slack.deactivate_user(RITA, tell_bot=False)

    assert "account is no longer active" in puts_it_back(world, by=BOB)
    assert len(world.grants()) == 1


def test_p4_what_a_written_policy_approved_that_is_gone_is_not_put_back(worlds: Worlds) -> None:
    world = worlds(policy(auto_approve=[OFFICE_RULE]))
    world.types(RITA, ASK)
    take_the_rule_away(world)
    world.govern(policy())

    assert "written policy that approved it no longer covers it" in puts_it_back(world)
    assert len(world.grants()) == 1


def test_p4_longer_access_is_not_put_back_where_who_approved_the_extension_may_no_longer(
    worlds: Worlds,
) -> None:
    world = worlds(policy())
    world.granted()
    card = world.card
    world.types(RITA, "extend 1 2h")
    world.presses(BOB, world.card, "Approve")
    take_the_rule_away(world)
    world.govern(policy(approvers=[ALICE]))

    world.presses(RITA, world.slack.thread(APPROVALS, card.ts)[-1], "Put back")

    assert "Its approver may no longer approve" in world.whispered(RITA)[-1]
    assert len(world.grants()) == 1


def test_extended_access_that_still_holds_is_put_back_to_its_later_end(world: World) -> None:
    world.granted()
    card = world.card
    world.types(RITA, "extend 1 2h")
    world.presses(BOB, world.card, "Approve")
    take_the_rule_away(world)

    world.presses(RITA, world.slack.thread(APPROVALS, card.ts)[-1], "Put back")

    assert TRUSTED in world.sources()
    assert world.grant(3).expires_at == world.grant(1).expires_at
