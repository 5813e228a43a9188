"""Answers to what people did: once they are over, they say so, and nothing in them is stale."""

from collections.abc import Callable

import pytest

from bot.domain.lifecycle import RequestState
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.world import ALICE, IP, RITA, World

ASKED = f"request {IP} 2h orders fixing the nightly job"
CANCEL = "Cancel request"


def asked_by_shortcut(world: World) -> Message:
    """Let Rita ask by the form of the shortcut, whose answer is a direct message; return it."""
    world.introduce(RITA)
    world.slack.shortcut(RITA, "ask_for_access")
    world.eventually(lambda: world.slack.modal(RITA))
    world.slack.submit(RITA, {"Source IP": IP, "Duration": "2h", "Reason": "invoice 88"})
    world.settle()
    [answer] = world.slack.dms(RITA)
    assert answer.buttons == [CANCEL]
    return answer


def approve(world: World) -> None:
    world.presses(ALICE, world.card, "Approve")


def deny(world: World) -> None:
    world.denies(ALICE, world.card, "not today")


def let_expire(world: World) -> None:
    world.pass_time(hours=5)


def cancel_for_her(world: World) -> None:
    world.types(ALICE, "cancel 1")


CLOSED = [
    (approve, "approved", []),
    (deny, "denied", []),
    (let_expire, "expired", []),
    (cancel_for_her, "cancelled", ["Ask again"]),
]


@pytest.mark.parametrize(("close", "said", "buttons"), CLOSED)
def test_a_direct_message_that_a_request_waits_is_changed_when_it_is_over(
    world: World, close: Callable[[World], None], said: str, buttons: list[str]
) -> None:
    asked_by_shortcut(world)

    close(world)

    answer = world.slack.dms(RITA)[0]
    assert said in answer.text
    assert answer.buttons == buttons
    assert "approval" not in answer.all_text


def test_it_is_changed_after_a_restart_too(world: World) -> None:
    asked_by_shortcut(world)
    world.restart()

    approve(world)

    assert world.slack.dms(RITA)[0].buttons == []


@pytest.mark.parametrize(("close", "said", "_"), CLOSED)
def test_an_old_button_that_cancels_gives_way_to_what_is_true(
    world: World, close: Callable[[World], None], said: str, _: list[str]
) -> None:
    world.types(RITA, ASKED)
    [answer] = world.slack.ephemerals(RITA)
    assert answer.buttons == [CANCEL]
    close(world)

    world.presses(RITA, answer, CANCEL)

    [shown] = world.slack.ephemerals(RITA)
    assert said in shown.text
    assert CANCEL not in shown.buttons


def test_what_is_cancelled_says_so_where_that_was_pressed(world: World) -> None:
    world.types(RITA, ASKED)
    [answer] = world.slack.ephemerals(RITA)

    world.presses(RITA, answer, CANCEL)

    [shown] = world.slack.ephemerals(RITA)
    assert "Request #1 cancelled" in shown.text
    assert shown.buttons == ["Ask again"]
    assert world.told(RITA) == []


def test_a_direct_message_whose_request_is_cancelled_there_says_so_itself(world: World) -> None:
    answer = asked_by_shortcut(world)

    world.presses(RITA, answer, CANCEL)

    assert world.request().state is RequestState.CANCELLED
    [shown] = world.slack.dms(RITA)
    assert "Request #1 cancelled" in shown.text
    assert world.whispered(RITA) == []


def test_who_cancels_in_a_list_keeps_the_list(world: World) -> None:
    world.types(RITA, ASKED)
    world.types(RITA, "list")
    listed = world.slack.ephemerals(RITA)[-1]

    world.presses(RITA, listed, CANCEL)

    assert "*Request #1*" in world.slack.ephemerals(RITA)[-2].text
    assert "cancelled" in world.whispered(RITA)[-1]


def test_who_cancels_on_home_gets_no_message(world: World) -> None:
    world.types(RITA, ASKED)
    world.slack.open_home(RITA)
    world.settle()
    home = world.slack.home(RITA)
    assert home is not None

    world.slack.click(RITA, home, CANCEL)
    world.settle()

    assert world.request().state is RequestState.CANCELLED
    assert world.told(RITA) == []


# Refusals with a next step


def pressed(world: World, button: str) -> Message:
    """Press the only button of the last answer to Rita; return what stands in its place."""
    refused = world.slack.ephemerals(RITA)[-1]
    assert refused.buttons == [button]
    assert "/dbaccess" not in refused.text
    world.presses(RITA, refused, button)
    [same] = [one for one in world.slack.ephemerals(RITA) if one.ts == refused.ts]
    return same


@pytest.mark.parametrize(
    ("again", "said"),
    [
        (ASKED, "You already sent this as request #1."),
        (f"request {IP} orders", "Request #1 is still waiting (`2h`). Cancel it to change it."),
        (f"request {IP} 1h orders", "Request #1 is still waiting (`2h`). Cancel it to change it."),
        (f"{ASKED} now", "Request #1 is still waiting (`2h`). Cancel it to change it."),
    ],
)
def test_what_waits_already_is_named_and_can_be_cancelled_there(
    world: World, again: str, said: str
) -> None:
    world.types(RITA, ASKED)

    assert world.types(RITA, again).text.startswith(said)

    assert "Request #1 cancelled" in pressed(world, CANCEL).text
    assert world.request().state is RequestState.CANCELLED


def test_who_has_access_already_extends_it_from_the_answer(world: World) -> None:
    world.granted(ASKED)
    world.types(RITA, ASKED)

    pressed(world, "Extend…")

    assert world.eventually(lambda: world.slack.modal(RITA))["callback_id"] == "extension"
    world.slack.close_modal(RITA)


def test_an_old_button_that_cancels_becomes_one_that_ends_access(world: World) -> None:
    world.types(RITA, ASKED)
    approve(world)
    world.presses(RITA, world.slack.ephemerals(RITA)[0], CANCEL)

    ending = pressed(world, "End access")

    assert "Ending access #1" in ending.text
    assert world.grant().end_reason == "revoked"


def test_what_has_ended_can_be_asked_for_again_from_the_answer(world: World) -> None:
    world.granted(ASKED)
    world.types(RITA, "revoke 1")
    world.types(RITA, "revoke 1")

    pressed(world, "Ask again")

    assert world.eventually(lambda: world.slack.modal(RITA))["callback_id"] == "request"
    world.slack.close_modal(RITA)


def test_nobody_else_is_offered_a_button_for_it(world: World) -> None:
    world.types(RITA, ASKED)

    world.types(ALICE, "revoke 1")

    assert world.slack.ephemerals(ALICE)[-1].buttons == []
