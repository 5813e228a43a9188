"""Buttons count for the very request or grant they were shown for, and on its card only (P4)."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.domain.lifecycle import GrantState, RequestState
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.test_emergency import breaks_glass, with_glass
from tests.scenarios.world import ALICE, APPROVALS, BOB, IP, ORDERS, OSCAR, RITA, World, policy

both_databases = pytest.mark.both_databases  # where SQL decides: order, time, locks, counting

Worlds = Callable[[dict[str, Any]], World]
ASK = f"request {IP} 2h orders fixing the nightly job"
TRUSTED = f"ip_addr:{IP}"
NOT_THE_CARD = "Use the buttons on the card of request #1. Nothing was changed."


def copied(world: World, card: Message, channel: str = "C0GENERAL") -> Message:
    """Have a message with the very same buttons stand somewhere else."""
    client = WebClient(world.slack.bot_token, base_url=world.slack.api_url)
    client.chat_postMessage(channel=channel, text=card.text, blocks=card.blocks)
    return world.slack.messages(channel, replies=False)[-1]


def the_only(world: World) -> int:
    """The number of the only grant: on PostgreSQL, a form that is only judged takes one too."""
    [grant] = world.grants()
    return grant.id


def assert_refused(world: World) -> None:
    assert world.request().state is RequestState.PENDING
    assert world.request().decisions == ()
    assert world.whispered(ALICE)[-1].startswith(NOT_THE_CARD)
    assert f"<#{APPROVALS}>" in world.whispered(ALICE)[-1]
    assert world.audited()[-1] == ("decision.refused", ALICE)


@pytest.mark.parametrize("channel", ["C0GENERAL", APPROVALS])
def test_p4_an_approval_counts_on_the_card_of_the_request_alone(world: World, channel: str) -> None:
    world.types(RITA, ASK)
    card = world.card
    copy = copied(world, card, channel)

    world.presses(ALICE, copy, "Approve")

    assert_refused(world)
    world.presses(ALICE, card, "Approve")
    assert TRUSTED in world.sources()


def test_p4_an_approval_for_less_time_counts_on_the_card_alone(world: World) -> None:
    world.types(RITA, ASK)

    world.slack.click(ALICE, copied(world, world.card), "approve_for", value="Approve for 1h")
    world.settle()

    assert_refused(world)


def test_p4_a_denial_counts_on_the_card_alone(world: World) -> None:
    world.types(RITA, ASK)

    world.denies(ALICE, copied(world, world.card), "who are you?")

    assert_refused(world)
    world.denies(ALICE, world.card, "who are you?")
    assert world.request().state is RequestState.DENIED


def test_p4_an_emergency_is_reviewed_on_its_card_alone(worlds: Worlds) -> None:
    world = with_glass(worlds)
    breaks_glass(world)

    number = the_only(world)
    world.presses(ALICE, copied(world, world.card), "Mark reviewed")

    assert world.request(number).reviewed_by is None
    assert world.whispered(ALICE)[-1].startswith(NOT_THE_CARD.replace("#1", f"#{number}"))
    world.presses(ALICE, world.card, "Mark reviewed")
    assert world.request(number).reviewed_by == ALICE


def test_p4_a_card_does_not_decide_another_request(world: World) -> None:
    """A card of one request with the buttons of another one."""
    world.types(RITA, ASK)
    first = world.card
    world.types(OSCAR, f"request {IP} 1h orders")
    swapped = Message(**{**vars(world.card), "blocks": first.blocks})

    world.presses(ALICE, swapped, "Approve")

    assert_refused(world)


@both_databases
def test_p4_a_press_on_a_card_that_is_being_recorded_waits_for_it(world: World) -> None:
    """The card stands in the channel, but Slack's answer has not come yet."""
    world.slack.faults.add(Fault.lost_answer(target="chat.postMessage", times=1))
    world.types(RITA, ASK)
    first = world.card

    world.presses(ALICE, first, "Approve")

    assert world.whispered(ALICE) == [], "nothing is decided, and nobody is refused"
    assert world.request().state is RequestState.PENDING


@both_databases
def test_p4_where_a_card_was_posted_twice_the_one_that_is_kept_counts(world: World) -> None:
    """P6: a message is delivered at least once."""
    world.slack.faults.add(Fault.lost_answer(target="chat.postMessage", times=1))
    world.types(RITA, ASK)
    world.pass_time(seconds=5)
    first, second = world.slack.messages(APPROVALS, replies=False)

    world.presses(ALICE, first, "Approve")

    assert_refused(world)
    world.presses(ALICE, second, "Approve")
    assert TRUSTED in world.sources()


@both_databases
def test_p4_the_home_tab_decides_where_the_card_could_not_be_posted(world: World) -> None:
    world.slack.faults.add(
        Fault.answer('{"ok": false, "error": "channel_not_found"}', target="chat.postMessage")
    )
    world.types(RITA, ASK)
    world.slack.faults.clear()
    world.slack.open_home(ALICE)
    world.settle()

    home = world.slack.home(ALICE)
    assert home is not None
    world.slack.click(ALICE, home, "Approve")
    world.settle()

    assert TRUSTED in world.sources()


@pytest.mark.parametrize("button", ["End access", "Extend…"])
def test_p4_a_button_from_before_a_lost_database_touches_no_other_grant_of_that_number(
    world: World, button: str
) -> None:
    """P7: the numbers begin anew."""
    world.granted(f"request {IP} 30m orders")
    old = world.slack.dms(RITA)[-1]
    world.lose_database(hours=1)
    world.granted("request 203.0.113.77 2h orders")
    before = world.rows()

    world.presses(RITA, old, button)

    world.eventually(lambda: any("too old" in told for told in world.whispered(RITA)))
    assert world.slack.modal(RITA) is None
    assert world.grant().state is GrantState.ACTIVE
    assert world.rows()["RequestRow"] == before["RequestRow"]


def test_p4_nor_one_of_the_same_address(world: World) -> None:
    """Today's #1 is of the same person from the same office, but it is another grant."""
    world.granted(f"request {IP} 30m orders")
    old = world.slack.dms(RITA)[-1]
    world.lose_database(hours=1)
    world.granted(f"request {IP} 2h orders")

    world.presses(RITA, old, "End access")

    assert "too old" in world.whispered(RITA)[-1]
    assert TRUSTED in world.sources()


def test_p7_a_button_of_a_grant_that_was_recovered_still_counts(world: World) -> None:
    world.granted()
    old = world.slack.dms(RITA)[-1]
    world.lose_database(minutes=10)
    assert TRUSTED in world.sources()

    world.presses(ALICE, old, "End access")

    assert world.grant().end_reason == "revoked"
    assert TRUSTED not in world.sources()


@both_databases
def test_p4_a_put_it_back_from_before_a_lost_database_brings_nothing_else_back(
    world: World,
) -> None:
    others = [("ip_addr", "198.51.100.7"), ("tag", "backend")]
    world.granted()
    world.digitalocean.terraform_apply(ORDERS, others)
    world.pass_time(minutes=5)
    old = world.slack.dms(RITA)[-1]
    world.lose_database(hours=1)
    world.granted("request 203.0.113.77 2h orders")
    world.digitalocean.terraform_apply(ORDERS, others)
    world.pass_time(minutes=5)

    world.presses(RITA, old, "Put back")

    assert "too old" in world.whispered(RITA)[-1]
    assert "ip_addr:203.0.113.77" not in world.sources()


def test_p4_the_revoke_button_of_an_emergency_ends_that_very_access(worlds: Worlds) -> None:
    world = with_glass(worlds)
    breaks_glass(world)
    old = world.card
    world.lose_database(hours=1)
    breaks_glass(world)

    number = the_only(world)
    world.presses(ALICE, old, "End access")
    assert world.grant(number).state is GrantState.ACTIVE
    world.presses(ALICE, world.card, "End access")
    assert world.grant(number).state is GrantState.ENDED


@both_databases
def test_p4_two_approvals_on_two_copies_are_one(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    world.types(RITA, ASK)
    card = world.card
    copy = copied(world, card)

    world.presses(ALICE, copy, "Approve")
    world.presses(BOB, card, "Approve")

    assert world.grants() == []
