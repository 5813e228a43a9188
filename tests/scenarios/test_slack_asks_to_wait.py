"""Slack limits how often it may be asked about people: then they wait, and nobody is told "no"."""

from collections.abc import Callable
from typing import Any

from dbaccess_playground.faults import Fault
from tests.scenarios.world import ADMINS, ALICE, ANALYTICS, BOB, IP, ORDERS, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]

GROUPS = [f"S0TEAM{number}" for number in range(30)]
APPROVERS = [f"U0APPROVER{number}" for number in range(30)]
ASKING = [f"U0ASKING{number}" for number in range(30)]


def calls(world: World, method: str) -> int:
    return sum(call.method == method for call in world.slack.calls)


def test_a_policy_of_thirty_groups_and_many_approvals_costs_one_call_a_minute(
    worlds: Worlds,
) -> None:
    world = worlds(policy(approvers=GROUPS, max_live_grants=50))
    for group, approver, asking in zip(GROUPS, APPROVERS, ASKING, strict=True):
        world.slack.add_user(approver, approver.lower())
        world.slack.add_user(asking, asking.lower())
        world.slack.add_group(group, group.lower(), [approver])

    for number, (approver, asking) in enumerate(zip(APPROVERS, ASKING, strict=True), start=1):
        world.types(asking, f"request 203.0.113.{number} 2h orders")
        world.pass_time(seconds=3)
        world.presses(approver, world.card, "Approve")

    assert {grant.state for grant in world.grants()} == {"active"}
    assert len(world.grants()) == len(APPROVERS)
    assert calls(world, "usergroups.list") == 2, "in a minute and a half"
    assert {call.error for call in world.slack.calls} == {None}


def test_whoever_asks_for_a_page_meanwhile_is_told_to_wait_and_slack_is_left_alone(
    world: World,
) -> None:
    world.forget(RITA, BOB)
    world.slack.faults.add(Fault.status(429, retry_after=30, target="users.info"))

    assert "Slack's rate limit is reached. Try again in 30 seconds." in world.answered_later(
        RITA, "list"
    )
    before = calls(world, "users.info")
    world.pass_time(seconds=10)
    assert "Slack's rate limit is reached. Try again in 20 seconds." in world.answered_later(
        BOB, "list"
    )
    assert calls(world, "users.info") == before

    world.pass_time(seconds=20)
    assert "no waiting requests" in world.answered_later(BOB, "list")


def test_a_click_that_comes_meanwhile_counts_once_slack_may_be_asked_again(
    worlds: Worlds,
) -> None:
    world = worlds(policy(approvers=[ADMINS]))
    world.slack.add_group(ADMINS, "db-admins", [ALICE])
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.faults.add(Fault.status(429, retry_after=45, target="usergroups.list"))
    world.presses(ALICE, world.card, "Approve")
    assert world.request().state == "pending"
    waits = ["Slack asks me to wait 45 seconds. Then I continue."]
    assert [told.partition(": ")[2].splitlines()[0] for told in world.whispered(ALICE)] == waits

    for _ in range(30):
        world.pass_time(seconds=2)

    assert world.grant().state == "active"
    assert calls(world, "usergroups.list") == 2, "one was refused"
    assert len(world.whispered(ALICE)) == 1, "it is told once"


def test_a_workspace_without_user_groups_is_named_as_the_reason_and_how_to_go_on(
    worlds: Worlds,
) -> None:
    clusters = {
        "orders": {"id": ORDERS, "approvers": [ADMINS]},
        "billing": {"id": ANALYTICS, "approvers": [ALICE]},
    }
    world = worlds(policy(clusters))
    world.slack.downgrade()
    world.types(RITA, f"request {IP} 2h orders")
    world.presses(ALICE, world.card, "Approve")

    [told] = world.whispered(ALICE)
    assert "This workspace has no user groups" in told
    assert "name people in `dbaccess.toml`" in told
    assert world.request().state == "pending"
    assert calls(world, "usergroups.list") == 1, "it is not tried again"

    world.types(RITA, f"request {IP} 2h billing")
    world.presses(ALICE, world.card, "Approve")
    assert world.grant(2).state == "active", "whoever is named by id needs no group"


def test_a_home_in_a_workspace_without_user_groups_is_drawn_once(worlds: Worlds) -> None:
    world = worlds(policy(approvers=[ADMINS]))
    world.slack.downgrade()
    world.slack.open_home(ALICE)
    world.settle()
    world.pass_time(minutes=5)

    assert "may be missing" in str(world.slack.home(ALICE))
    assert calls(world, "views.publish") == 1
