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
