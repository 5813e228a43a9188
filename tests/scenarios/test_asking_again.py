"""Ask again: after the end, or a request that came to nothing, the form opens filled in."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.lifecycle import GrantState
from bot.slack.inbound.payloads import EXTENSION_FORM
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.forms import filled_in
from tests.scenarios.world import ALICE, IP, OSCAR, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]

WHY = "fixing the nightly job"
ASKED = f"request {IP} 1h orders {WHY}"
AGAIN = "Ask again"


def denied(world: World) -> None:
    world.types(RITA, ASKED)
    world.denies(ALICE, world.card, "not today")


def expired(world: World) -> None:
    world.types(RITA, ASKED)
    world.pass_time(hours=5)


def cancelled(world: World) -> None:
    world.types(RITA, ASKED)
    world.types(ALICE, "cancel 1")


def ended(world: World) -> None:
    world.granted(ASKED)
    world.pass_time(hours=1)
    assert world.grant().state is GrantState.ENDED


def last(world: World) -> Message:
    return world.slack.dms(RITA)[-1]


def form_after(world: World, pressed: Message, *, by: str = RITA) -> dict[str, Any]:
    world.slack.click(by, pressed, AGAIN)
    return world.eventually(lambda: world.slack.modal(by))


@pytest.mark.parametrize("over", [denied, expired, cancelled, ended])
def test_what_is_over_can_be_asked_for_again_with_all_that_was_said(
    world: World, over: Callable[[World], None]
) -> None:
    over(world)

    form = form_after(world, last(world))

    assert filled_in(form, "source") == IP
    assert filled_in(form, "reason") == WHY
    assert "orders" in str(form["state"])
    assert "1h" in str(form["blocks"])


def test_the_form_that_asks_again_can_be_sent_off_as_it_is(world: World) -> None:
    ended(world)
    form_after(world, last(world))

    assert world.slack.submit(RITA).errors == {}
    world.settle()

    assert "Request #2" in world.card.all_text
    assert "for 1h" in world.card.text


def test_an_extension_that_was_denied_is_asked_for_again_while_there_is_something_to_extend(
    world: World,
) -> None:
    world.granted(ASKED)
    world.types(RITA, f"extend 1 30m {WHY}")
    world.denies(ALICE, world.card, "not today")

    form = form_after(world, last(world))

    assert form["callback_id"] == EXTENSION_FORM
    assert filled_in(form, "reason") == WHY


def test_an_old_button_tells_nobody_else_what_was_asked_for(world: World) -> None:
    denied(world)

    form = form_after(world, last(world), by=OSCAR)

    assert filled_in(form, "source") == ""
    assert filled_in(form, "reason") == ""


def test_an_old_button_of_a_lost_database_opens_an_empty_form(world: World) -> None:
    denied(world)
    pressed = last(world)
    world.lose_database(hours=1)

    form = form_after(world, pressed)

    assert filled_in(form, "source") == ""


def test_what_was_extended_to_the_maximum_offers_no_extension(worlds: Worlds) -> None:
    world = worlds(policy(max_duration="2h"))
    world.granted(ASKED)
    assert "Extend…" in last(world).buttons

    world.types(RITA, "extend 1 1h")
    world.presses(ALICE, world.card, "Approve")

    assert "Extend…" not in last(world).buttons
    assert "Extend…" not in world.types(RITA, "list").text
    world.pass_time(hours=1, minutes=50)
    warning = last(world)
    assert "ends soon" in warning.text
    assert "Can't be extended" in warning.all_text
    assert warning.buttons == ["Connect", "End access"]
