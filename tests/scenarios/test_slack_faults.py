"""What Slack can do to the bot: hang, fail, forget and refuse. Nothing is lost by it."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.lifecycle import GrantState, RequestState
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.world import ALICE, APPROVALS, BOB, IP, OPERATIONS, OSCAR, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]
TRUSTED = f"ip_addr:{IP}"
OTHER_IP = "203.0.113.5"
POSTING = "chat.postMessage"


def cards(world: World) -> list[Message]:
    return world.slack.messages(APPROVALS, replies=False)


def posts(world: World) -> int:
    """How often the bot tried to post."""
    return sum(call.method == POSTING for call in world.slack.calls)


def in_a_moment(world: World, ask: Callable[[], object]) -> None:
    """Let time and the worker go on until something is so."""

    def look() -> object:
        world.clock.advance(seconds=1)
        world.worker.wake()
        return ask()

    world.eventually(look)


# Slack, or DigitalOcean, does not answer.


def test_commands_and_clicks_are_answered_while_nobody_answers_the_bot(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    card = world.card
    asked = len(world.slack.calls)
    with world.at_work() as worker:  # it begins by asking whether Rita is still there
        world.eventually(lambda: len(world.slack.calls) > asked and not worker.in_progress())
        world.slack.faults.add(Fault.hang(times=None))
        world.digitalocean.faults.add(Fault.hang(times=None))
        answers = [
            world.slack.click(ALICE, card, "Approve"),
            world.slack.command(RITA, f"request {OTHER_IP} 2h orders", channel_id="C0GENERAL"),
        ]
        world.eventually(lambda: world.slack.faults.hanging >= 2)  # the directory, and the outbox
        answers += [
            world.slack.command(RITA, text, channel_id="C0GENERAL")
            for text in ("help", "list", "list all", "clusters", "sources orders", "cancel 2")
        ]
        answers += [
            world.slack.click(ALICE, card, "Deny"),
            world.slack.click(OSCAR, card, "Approve"),
            world.slack.open_home(RITA),
        ]
        assert [answer.error for answer in answers] == [None] * len(answers)
        assert "#2" in answers[1].text
        assert world.request(2).state == RequestState.CANCELLED

        world.slack.faults.clear()
        world.digitalocean.faults.clear()
        in_a_moment(world, lambda: TRUSTED in world.sources())
        in_a_moment(world, lambda: any("You can connect" in told for told in world.told(RITA)))
        in_a_moment(world, lambda: len(cards(world)) == 2 and not cards(world)[1].buttons)
    assert world.grant().state == GrantState.ACTIVE


def test_digitalocean_hanging_holds_up_no_message(world: World) -> None:
    world.granted(f"request {OTHER_IP} 1h orders")
    with world.at_work():
        world.digitalocean.faults.add(Fault.hang(times=None))
        world.clock.advance(hours=1)
        world.worker.wake()
        world.eventually(lambda: world.digitalocean.faults.hanging)

        world.slack.command(RITA, f"request {IP} 2h orders", channel_id="C0GENERAL")
        world.eventually(lambda: len(cards(world)) == 2)

        world.digitalocean.faults.clear()
        in_a_moment(world, lambda: f"ip_addr:{OTHER_IP}" not in world.sources())


# Slack fails.


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(500, target=POSTING),
        Fault.status(503, target=POSTING),
        Fault.reset(target=POSTING),
        Fault.half_body(target=POSTING),
        Fault.lost_answer(target=POSTING),
        Fault.lost_answer(code=500, target=POSTING),
    ],
    ids=["500", "503", "reset", "half-body", "lost", "lost-500"],
)
def test_a_message_that_did_not_get_through_is_sent_again(world: World, fault: Fault) -> None:
    world.slack.faults.add(fault)
    world.types(RITA, f"request {IP} 2h orders")
    world.pass_time(seconds=2)

    world.presses(ALICE, world.card, "Approve")

    assert world.grant().state == GrantState.ACTIVE
    assert world.card.buttons == []
    assert world.thread()
    world.pass_time(minutes=5)
    assert posts(world) == 4  # the card twice, then that it works: to her, and below the card


def test_a_card_that_was_posted_twice_still_decides_once(world: World) -> None:
    world.slack.faults.add(Fault.lost_answer(target=POSTING))
    world.types(RITA, f"request {IP} 2h orders")
    world.pass_time(seconds=2)
    first, second = cards(world)

    world.presses(ALICE, first, "Approve")
    assert "Use the buttons on the card" in world.whispered(ALICE)[-1]
    assert world.grants() == []
    world.presses(ALICE, second, "Approve")
    world.presses(BOB, second, "Approve")

    assert world.writes() == 1
    assert len(world.grants()) == 1
    assert "already approved" in world.whispered(BOB)[-1]
    assert cards(world)[1].buttons == []


def test_slack_is_given_the_time_that_it_asks_for(world: World) -> None:
    world.slack.faults.add(Fault.status(429, retry_after=30, target=POSTING))
    world.types(RITA, f"request {IP} 2h orders")
    for _ in range(29):
        world.pass_time(seconds=1)
    assert posts(world) == 1
    assert cards(world) == []

    world.pass_time(seconds=1)
    assert posts(world) == 2
    assert world.card.buttons == ["Approve", "Deny"]


def test_what_was_owed_during_a_long_outage_is_told_after_it(world: World) -> None:
    world.granted()
    world.slack.faults.add(Fault.status(503, times=None))
    for _ in range(13):
        world.pass_time(minutes=10)
    assert TRUSTED not in world.sources(), "access ends in time although nobody can be told"
    [works] = world.told(RITA)
    assert "You can connect" in works

    world.slack.faults.clear()
    world.pass_time(minutes=2)
    [ended] = world.told(RITA)
    [in_thread] = world.thread()
    assert "has ended" in ended
    assert "has ended" in in_thread


# Order, and who waits for whom.


def test_a_conversation_keeps_its_order_and_no_other_waits_for_it(world: World) -> None:
    world.slack.faults.add(Fault.status(500, target=POSTING))
    world.types(RITA, f"request {IP} 2h orders")
    world.types(OSCAR, f"request {OTHER_IP} 2h orders")
    world.types(RITA, "cancel 1")
    [of_oscar] = cards(world)
    assert OSCAR in of_oscar.all_text

    world.pass_time(seconds=2)
    of_rita = cards(world)[-1]
    assert RITA in of_rita.all_text
    assert of_rita.edited
    assert of_rita.buttons == []


def test_a_channel_that_slack_wants_left_alone_is_left_alone_by_all(world: World) -> None:
    world.slack.faults.add(Fault.status(429, retry_after=60, target=POSTING))
    world.types(RITA, f"request {IP} 2h orders")
    world.types(OSCAR, f"request {OTHER_IP} 2h orders")
    assert posts(world) == 1
    assert cards(world) == []

    world.pass_time(seconds=59)
    assert posts(world) == 1
    world.pass_time(seconds=2)
    assert len(cards(world)) == 2


def test_what_piled_up_goes_out_in_a_burst_and_then_steadily(
    worlds: Worlds,
) -> None:
    world = worlds(policy(max_open_requests=100, max_live_grants=100))
    for number in range(1, 31):
        world.slack.command(RITA, f"request 203.0.113.{number} 2h orders", channel_id="C0GENERAL")

    world.settle()
    assert len(cards(world)) == 15
    world.pass_time(seconds=10)
    assert len(cards(world)) == 25
    world.pass_time(seconds=10)
    assert len(cards(world)) == 30


def test_looks_that_are_changed_again_are_left_out(worlds: Worlds) -> None:
    world = worlds(policy(approvals=3, approvers=[ALICE, BOB, OSCAR]))
    world.types(RITA, f"request {IP} 2h orders")
    card = world.card
    world.slack.faults.add(Fault.reset(target="chat", times=None))
    for approver in (ALICE, BOB, OSCAR):
        world.presses(approver, card, "Approve")
    world.slack.faults.clear()

    world.pass_time(seconds=80)

    assert world.card.buttons == []
    assert " approved*" in world.card.text
    assert len(world.card.versions) == 1, "one change, not three"


def test_direct_messages_keep_their_order_though_the_first_is_late(world: World) -> None:
    for address in (IP, OTHER_IP):
        world.types(RITA, f"request {address} 2h orders")
    world.slack.faults.add(Fault.status(500, target=POSTING))
    for card in cards(world):
        world.denies(ALICE, card, "not today")
    assert world.told(RITA) == []
    assert not any(card.buttons for card in cards(world)), "a card is another conversation"

    world.pass_time(seconds=2)
    first, second = world.told(RITA)
    assert "*Request #1 denied*" in first
    assert "*Request #2 denied*" in second


# Slack refuses.


@pytest.mark.parametrize(
    ("channel", "error"),
    [({"is_archived": True}, "is_archived"), ({"bot_is_member": False}, "not_in_channel")],
)
def test_a_card_that_its_channel_does_not_take_is_told_to_those_who_can_mend_it(
    world: World, channel: dict[str, bool], error: str
) -> None:
    world.slack.add_channel(APPROVALS, "db-approvals", **channel)  # type: ignore[arg-type]
    world.types(RITA, f"request {IP} 2h orders")

    assert cards(world) == []
    [to_rita] = world.told(RITA)
    [to_operators] = world.operators()
    for told in (to_rita, to_operators):
        assert error in told
        assert APPROVALS in told

    world.slack.add_channel(APPROVALS, "db-approvals")
    world.types(RITA, "cancel 1")
    world.granted()
    assert TRUSTED in world.sources()
    assert len(world.operators()) == 1


def test_an_alarm_that_nobody_can_be_told_holds_up_nothing(world: World) -> None:
    world.granted()
    world.slack.add_channel(OPERATIONS, "ops", is_archived=True)
    world.digitalocean.faults.add(Fault.status(401, times=None))
    for _ in range(14):
        world.pass_time(minutes=10)
    world.digitalocean.faults.clear()
    world.pass_time(minutes=1)

    assert world.operators() == []
    assert world.grant().state == GrantState.ENDED
    assert "ended" in world.told(RITA)[-1]


def test_somebody_who_left_is_told_nothing_and_the_others_are(world: World) -> None:
    world.granted()
    world.slack.deactivate_user(RITA, tell_bot=False)
    world.pass_time(hours=2)

    assert world.grant().state == GrantState.ENDED
    assert "ended" in world.thread()[-1]
    world.granted(f"request {OTHER_IP} 1h orders", to=OSCAR)
    assert "You can connect" in world.told(OSCAR)[-1]


# The directory, and answers that come late.


def test_a_click_is_carried_out_once_the_directory_answers_again(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.forget(ALICE)
    world.slack.faults.add(Fault.status(500, target="users.info"))
    world.presses(ALICE, world.card, "Approve")
    assert TRUSTED not in world.sources()
    world.pass_time(seconds=3)
    assert TRUSTED in world.sources()


def test_a_right_that_cannot_be_established_is_no_right_and_the_answer_finds_its_way(
    world: World,
) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.forget(ALICE)
    world.slack.faults.add(Fault.status(503, times=None))
    world.presses(ALICE, world.card, "Approve")
    for _ in range(20):
        world.pass_time(seconds=2)
    world.pass_time(minutes=31)  # by then Slack takes no answer at the click's own address
    world.slack.faults.clear()
    world.pass_time(minutes=2)

    assert TRUSTED not in world.sources()
    assert world.request().state == RequestState.PENDING
    assert world.whispered(ALICE) == []
    [late] = world.told(ALICE)
    assert "didn't confirm your rights" in late

    world.presses(ALICE, world.card, "Approve")
    assert TRUSTED in world.sources()


@pytest.mark.parametrize(
    "fault",
    [Fault.status(500, target="views.open"), Fault.half_body(target="views.open")],
    ids=["500", "half-body"],
)
def test_a_form_that_slack_does_not_open_is_told_to_who_pressed(world: World, fault: Fault) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.faults.add(fault)

    world.slack.click(ALICE, world.card, "Deny")

    [told] = world.eventually(lambda: world.whispered(ALICE))
    assert "Press Deny again" in told
    world.denies(ALICE, world.card, "not today")
    assert world.request().state == RequestState.DENIED
