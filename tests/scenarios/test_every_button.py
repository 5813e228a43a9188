"""Whatever can be pressed in a message or on the Home tab, the bot knows when it is pressed."""

import re
from collections.abc import Iterable
from typing import Any

import pytest
from slack_sdk import WebClient
from structlog.testing import capture_logs

from bot.slack.messages import Button, home
from dbaccess_playground.slack.controls import Control, controls
from tests.scenarios.world import ALICE, World
from tests.slack.messages.test_home import HOMES
from tests.slack.messages.test_messages import MESSAGES
from tests.slack.messages.test_myip import ANSWERS
from tests.slack.messages.test_request_forms import FORMS


def value_of(control: Control) -> str | None:
    """What it brings to the bot; of a menu, its first option."""
    [first, *_] = control.options or [control.element]
    return first.get("value")


def each_kind(shown: Iterable[list[dict[str, Any]]]) -> list[Control]:
    """One control of each action and form of value, whichever request it stands for."""
    kinds = {
        (one.action_id, re.sub(r"[0-9a-f]*\d[0-9a-f]*", "0", value_of(one) or "")): one
        for blocks in shown
        for one in controls(blocks)
    }
    return list(kinds.values())


IN_MESSAGES = each_kind(message.blocks for message in (MESSAGES | ANSWERS).values())
AT_HOME = each_kind(home(tab)["blocks"] for tab in HOMES.values())


@pytest.fixture
def client(world: World) -> WebClient:
    return WebClient(world.slack.bot_token, base_url=world.slack.api_url)


def assert_understood(world: World, shown: Any, control: Control) -> None:
    with capture_logs() as logged:
        answer = world.slack.click(ALICE, shown, control.action_id, value=value_of(control))

    assert answer.error is None
    assert [entry for entry in logged if entry["log_level"] != "info"] == []


def test_each_button_of_a_message_is_understood(world: World, client: WebClient) -> None:
    for control in IN_MESSAGES:
        client.chat_postMessage(channel=ALICE, text="…", blocks=[control.block])
        assert_understood(world, world.slack.dms(ALICE)[-1], control)


def test_each_button_of_the_home_tab_is_understood(world: World, client: WebClient) -> None:
    for control in AT_HOME:
        client.views_publish(user_id=ALICE, view={"type": "home", "blocks": [control.block]})
        assert_understood(world, world.slack.home(ALICE), control)


def test_each_kind_of_button_is_shown_somewhere() -> None:
    in_forms = {one.action_id for form in FORMS.values() for one in controls(form["blocks"])}
    shown = {control.action_id for control in IN_MESSAGES + AT_HOME}
    assert shown | (in_forms & set(Button)) == set(Button)
