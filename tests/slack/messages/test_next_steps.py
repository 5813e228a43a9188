"""Refusals with a button: it does what one would type, and the sentence names no command."""

import pytest

from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.refusals.base import RefusalWithStep
from bot.slack.messages import refusal
from bot.slack.messages.refusals import sentence
from dbaccess_playground.slack.block_kit.checker import problems
from dbaccess_playground.slack.controls import controls
from tests.refusals import EVERY_REFUSAL

MARK = "1795615200.abc"
MARKED = [one for one in EVERY_REFUSAL if isinstance(one, RefusalWithStep)]
WITHOUT = {"granted_already": "maximum"}  # what is at its maximum cannot be extended

each_marked = pytest.mark.parametrize("one", MARKED, ids=lambda one: one.code)


@each_marked
def test_a_button_takes_the_place_of_the_command(one: AnyRefusal) -> None:
    message = refusal(one.model_copy(update={"mark": MARK}))

    if WITHOUT.get(one.code, "\0") in sentence(one):
        assert controls(message.blocks) == []
        return
    [button] = controls(message.blocks)
    number, _, mark = button.element["value"].partition("@")
    assert mark == MARK
    assert button.block["block_id"] == f"alone:{number}"
    assert "/dbaccess" not in message.text
    assert problems({"text": message.text, "blocks": message.blocks}, "message") == []


@each_marked
def test_without_a_mark_the_command_is_named(one: AnyRefusal) -> None:
    message = refusal(one)

    assert controls(message.blocks) == []
    assert sentence(one) in message.text
