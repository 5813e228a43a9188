"""The manifest: what Slack is told of the app is what the app answers to."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.checks.slack_setup import SCOPES
from dbaccess_playground.demo.stage import COMMAND, SHORTCUTS
from dbaccess_playground.slack.conversations import Channel

MANIFEST = Path(__file__).parents[1] / "manifest.yml"


@pytest.fixture
def manifest() -> Any:
    return yaml.safe_load(MANIFEST.read_text())


def test_the_shortcut_is_the_one_that_the_bot_answers_and_the_playground_shows(
    manifest: Any,
) -> None:
    shortcuts = manifest["features"]["shortcuts"]
    assert [(one["callback_id"], one["name"]) for one in shortcuts] == [
        (one.callback_id, one.name) for one in SHORTCUTS
    ]
    for one in shortcuts:
        assert one["type"] == "global"
        assert len(one["name"]) <= 24
        assert len(one["description"]) <= 150


def test_the_command_is_the_one_that_the_playground_completes(manifest: Any) -> None:
    (command,) = manifest["features"]["slash_commands"]
    assert (command["command"], command["description"], command["usage_hint"]) == (
        COMMAND.name, COMMAND.description, COMMAND.usage_hint,
    )  # fmt: skip


def test_commands_can_be_typed_in_the_apps_own_messages_and_in_the_playgrounds(
    manifest: Any,
) -> None:
    """The bot's messages there say to type `/dbaccess`."""
    home = manifest["features"]["app_home"]
    assert home["messages_tab_enabled"]
    assert not home["messages_tab_read_only_enabled"]
    assert Channel("D0RITA", "directmessage", dm_with="U0RITA").has_composer


def test_no_message_of_a_person_is_sent_to_the_bot(manifest: Any) -> None:
    """What people write in the app's own messages besides commands stays unread."""
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert not [event for event in events if event.startswith("message")]
    scopes = manifest["oauth_config"]["scopes"]["bot"]
    assert not [scope for scope in scopes if scope.endswith(":history")]


def test_the_scopes_asked_for_are_those_that_a_check_looks_for(manifest: Any) -> None:
    assert sorted(manifest["oauth_config"]["scopes"]["bot"]) == sorted(SCOPES)


def test_options_of_pickers_are_asked_for_where_everything_else_is(manifest: Any) -> None:
    interactivity = manifest["settings"]["interactivity"]
    assert interactivity["message_menu_options_url"] == interactivity["request_url"]
