"""Every message looks as agreed, and Slack would take it."""

import re
from typing import get_args

import pytest
from syrupy.assertion import SnapshotAssertion

from bot.domain.notices import Notice
from bot.slack.messages import Button, Message, deny_modal, render
from bot.slack.messages.mrkdwn import inert
from dbaccess_playground.slack.block_kit.checker import problems
from dbaccess_playground.slack.controls import controls
from tests.slack.messages.every_message import NOTICES, PAGES
from tests.slack.messages.examples import request
from tests.slack.messages.reading import message_as_read, view_as_read

MESSAGES = {name: render(notice) for name, notice in NOTICES.items()} | PAGES
MODAL = deny_modal(17, request(), private_metadata='{"request_id": 17}')

each_message = pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())


@each_message
def test_a_message_looks_as_agreed(message: Message, snapshot: SnapshotAssertion) -> None:
    assert message_as_read(message) == snapshot


@each_message
def test_slack_takes_a_message(message: Message) -> None:
    assert problems({"text": message.text, "blocks": message.blocks}, "message") == []


def test_the_form_behind_deny_looks_as_agreed(snapshot: SnapshotAssertion) -> None:
    assert view_as_read(MODAL) == snapshot


def test_slack_takes_the_form_behind_deny() -> None:
    assert problems(MODAL, "modal") == []


def test_slack_takes_the_form_of_a_request_with_a_long_number() -> None:
    long_number = deny_modal(999_999_999, None, private_metadata="")

    assert problems(long_number, "modal") == []


def test_there_is_an_example_of_each_kind_of_notice() -> None:
    kinds = set(get_args(get_args(Notice)[0]))

    assert {type(notice) for notice in NOTICES.values()} == kinds


@each_message
def test_a_button_carries_the_number_of_its_request_or_grant(message: Message) -> None:
    places = {
        Button.CONNECT: {"grant"},
        Button.EXTEND: {"grant"},
        Button.ASK_AGAIN: {"grant", "request"},
        Button.REVOKE: {"grant", "emergency"},
        Button.KEEP: {"grant"},
        Button.REVIEWED: {"emergency"},
        Button.PUT_BACK: {"put_back"},
        Button.CANCEL: {"alone", "list"},  # alone: the answer may take the message's place
        Button.ASK: {"ask"},
        Button.ASK_FROM: {"address"},
    }
    for control in controls(message.blocks):
        place, number = control.block["block_id"].split(":")
        options = control.element.get("options", [control.element])
        assert {re.split("[@:]", option["value"])[0] for option in options} == {number}
        assert place in places.get(Button(control.action_id), {"request"})


@each_message
def test_the_text_of_a_message_says_all_that_its_blocks_say(message: Message) -> None:
    said = [
        block["text"]["text"] for block in message.blocks if block["type"] in {"section", "header"}
    ]

    assert message.text.endswith("…") or all(inert(text) in message.text for text in said)
