"""What cannot be delivered ends, is told by another way, and holds up nothing else."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.notices import Reply, Undelivered
from bot.domain.refusals.delays import ClusterBusy
from bot.domain.reply_to import ReplyTo
from bot.slack.errors import INSTALLATION, PERMANENT, TEMPORARY
from bot.slack.messages.undelivered import fix_of
from bot.store import job_list, outbox
from bot.store.job_list import ListedJob
from dbaccess_playground.faults import Fault
from tests.scenarios.world import (
    ADMINS,
    ALICE,
    APPROVALS,
    BOB,
    IP,
    OPERATIONS,
    OSCAR,
    RITA,
    World,
    policy,
)

DEAD_ADDRESSES = 200
TRUSTED = f"ip_addr:{IP}"


def refuses(code: str, *, target: str = "chat.postMessage", times: int | None = None) -> Fault:
    """Slack answers with an error code."""
    return Fault.answer(json.dumps({"ok": False, "error": code}), target=target, times=times)


def owe_reply(world: World, user: str) -> None:
    database = world.service.components.database
    address = f"{world.slack.url}/response/{user}"
    with database.transaction() as session:
        notice = Reply(refusal=ClusterBusy(said="no call is left"))
        outbox.enqueue_reply(session, notice, ReplyTo(user, address), at=world.clock.now())


def waiting(world: World) -> list[ListedJob]:
    with world.service.components.database.reading() as session:
        return job_list.waiting(session, world.clock.now())


def given_up(world: World) -> list[ListedJob]:
    with world.service.components.database.reading() as session:
        return job_list.given_up(session, world.clock.now())


# Addresses of answers that cannot be reached.


def test_two_hundred_dead_addresses_delay_no_card_and_no_message(world: World) -> None:
    world.slack.faults.add(Fault.hang(target="/response/", times=None))
    for number in range(DEAD_ADDRESSES):
        owe_reply(world, f"U0DEAD{number}")
    with world.at_work():
        world.eventually(lambda: world.slack.faults.hanging)

        world.slack.command(RITA, f"request {IP} 2h orders", channel_id="C0GENERAL")
        world.eventually(lambda: world.slack.messages(APPROVALS))

        assert world.slack.faults.hanging
        owe_reply(world, OSCAR)
        world.worker.wake()
        world.eventually(lambda: world.told(OSCAR))


def test_an_answer_that_cannot_arrive_where_somebody_acted_is_a_direct_message(
    world: World,
) -> None:
    world.granted()
    world.slack.faults.add(Fault.reset(target="/response/", times=None))
    owe_reply(world, RITA)
    world.settle()
    assert "no call is left" in world.told(RITA)[-1]
    assert waiting(world) == []


# Codes that never heal.


@pytest.mark.parametrize("code", sorted(PERMANENT))
def test_a_message_that_slack_never_takes_is_given_up_and_what_follows_goes_on(
    world: World, code: str
) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.faults.add(refuses(code, times=1))
    world.presses(ALICE, world.card, "Approve")  # that it works is told below the card first
    world.pass_time(minutes=1)

    assert [job.error for job in given_up(world)] == [code]
    assert waiting(world) == []
    assert world.thread() == []
    world.types(RITA, "revoke 1")
    assert "was ended" in world.thread()[-1]
    assert any(code in told for told in world.operators())


def test_a_code_that_nobody_knows_is_tried_five_times_and_what_follows_goes_on(
    world: World,
) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.faults.add(refuses("a_code_of_next_year", target="chat.update"))
    world.presses(ALICE, world.card, "Approve")
    assert world.thread() == []
    for _ in range(5):
        world.pass_time(minutes=1)

    assert {(job.error, job.attempts) for job in given_up(world)} == {("a_code_of_next_year", 5)}
    assert waiting(world) == []
    assert world.thread() != []
    assert sum("a_code_of_next_year" in told for told in world.operators()) == 1


def test_each_code_means_one_thing() -> None:
    assert not TEMPORARY & PERMANENT
    assert not INSTALLATION & (TEMPORARY | PERMANENT)


@pytest.mark.parametrize("code", sorted(PERMANENT))
def test_each_code_that_never_heals_is_told_with_what_to_do(code: str) -> None:
    known = fix_of(Undelivered(conversation=APPROVALS, error=code, what="grant_started"))
    unknown = fix_of(Undelivered(conversation=APPROVALS, error="new", what="grant_started"))
    assert known != unknown


# What is no answer of Slack's.


@pytest.mark.parametrize("status", [200, 403, 502, 503])
@pytest.mark.parametrize("body", ["<html>Sign in to the proxy</html>", ""])
def test_a_page_of_something_on_the_way_gives_no_message_up(
    world: World, status: int, body: str
) -> None:
    world.slack.faults.add(
        Fault.answer(
            body, code=status, content_type="text/html", target="chat.postMessage", times=None
        )
    )
    world.types(RITA, f"request {IP} 2h orders")
    for _ in range(10):
        world.pass_time(minutes=1)
    assert given_up(world) == []
    assert {job.error for job in waiting(world)} <= {f"status {status}", "ValueError", ""}

    world.slack.faults.clear()
    world.pass_time(minutes=2)
    assert world.slack.messages(APPROVALS)


def test_a_card_in_a_channel_that_was_archived_ends_its_updates(world: World) -> None:
    world.granted()
    world.slack.add_channel(APPROVALS, "db-approvals", is_archived=True)
    world.types(RITA, "revoke 1")
    world.pass_time(minutes=5)

    assert {job.error for job in given_up(world)} <= {"is_inactive", "is_archived"}
    assert waiting(world) == []
    told = [said for said in world.operators() if "Unarchive the channel" in said]
    assert 1 <= len(told) <= 2, "once for each code"


def test_that_the_operators_channel_is_gone_is_told_to_the_approvers(world: World) -> None:
    world.slack.add_channel(OPERATIONS, "ops", is_archived=True)
    world.slack.add_channel(APPROVALS, "db-approvals", bot_is_member=False)
    world.types(RITA, f"request {IP} 2h orders")
    world.pass_time(minutes=5)

    for approver in (ALICE, BOB):
        assert any(OPERATIONS in said and "archived" in said for said in world.told(approver))
    assert waiting(world) == []


def test_approvers_who_are_named_by_their_group_hear_of_it_too(
    worlds: Callable[[dict[str, Any]], World],
) -> None:
    world = worlds(policy(approvers=[ADMINS]))
    world.slack.add_channel(OPERATIONS, "ops", is_archived=True)
    world.slack.add_channel(APPROVALS, "db-approvals", bot_is_member=False)
    world.types(RITA, f"request {IP} 2h orders")
    world.pass_time(minutes=5)
    assert any("archived" in said for said in world.told(BOB))


def test_a_card_that_was_given_up_is_posted_once_an_operator_says_so(world: World) -> None:
    world.slack.add_channel(APPROVALS, "db-approvals", bot_is_member=False)
    world.types(RITA, f"request {IP} 2h orders")
    [card] = given_up(world)
    assert "dbaccess jobs retry --error not_in_channel" in world.operators()[-1]
    assert "can't see request #1" in world.told(RITA)[-1]

    world.slack.add_channel(APPROVALS, "db-approvals")
    with world.service.components.database.transaction() as session:
        assert job_list.retry(session, card.id, world.clock.now()) == 1
    world.settle()

    world.presses(ALICE, world.card, "Approve")
    assert TRUSTED in world.sources()


# The whole installation is refused.


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
def test_while_slack_refuses_the_installation_everything_is_held_and_nothing_is_lost(
    world: World, code: str
) -> None:
    world.slack.faults.add(refuses(code))
    world.types(RITA, f"request {IP} 2h orders")
    for _ in range(10):
        world.pass_time(minutes=5)
    world.clock.advance(days=30)
    world.settle()
    assert given_up(world) == []
    assert all(job.error in (code, "") for job in waiting(world))

    world.slack.faults.clear()
    world.pass_time(minutes=1)

    assert waiting(world) == []
    assert world.slack.messages(APPROVALS)


def test_while_slack_refuses_the_installation_people_are_answered_where_they_act(
    world: World,
) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    card = world.card
    world.slack.faults.add(refuses("token_revoked"))
    world.types(OSCAR, "request 203.0.113.9 2h orders")
    for _ in range(3):
        before = len(world.whispered(OSCAR))
        world.presses(OSCAR, card, "Approve")
        assert len(world.whispered(OSCAR)) == before + 1


# Somebody of whom Slack gives a strange answer.


def test_one_of_whom_slack_answers_strangely_keeps_nobody_from_being_noticed(world: World) -> None:
    for number, user in enumerate((OSCAR, RITA), start=5):
        world.granted(f"request 203.0.113.{number} 8h orders", to=user)
    world.slack.deactivate_user(RITA, tell_bot=False)
    world.slack.faults.add(refuses("a_strange_code", target="users.info", times=1))  # of Alice

    world.pass_time(hours=1)
    for _ in range(5):
        world.pass_time(seconds=2)

    assert "ip_addr:203.0.113.6" not in world.sources()


def test_a_reply_waits_for_no_message_to_the_same_person(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    card = world.card
    world.types(OSCAR, "request 203.0.113.9 2h orders")
    world.slack.faults.add(Fault.status(503, target="chat.", times=None))
    world.presses(ALICE, world.card, "Approve")
    assert {job.about for job in waiting(world)} >= {f"user:{OSCAR}"}

    world.presses(OSCAR, card, "Approve")

    assert "not an approver" in world.whispered(OSCAR)[-1]
    assert {job.kind for job in waiting(world)} == {"message"}
