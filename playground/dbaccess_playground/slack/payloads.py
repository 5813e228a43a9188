"""The payloads that Slack sends to a bot."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from dbaccess_playground.slack.controls import Control, fields
from dbaccess_playground.slack.conversations import Channel, Message
from dbaccess_playground.slack.people import APP_ID, BOT_USER_ID, TEAM_NAME, Person

VERIFICATION_TOKEN = "sandbox-verification-token"

Json = dict[str, Any]


class Payloads:
    """Builds the payloads of one workspace."""

    def __init__(self, team_id: str) -> None:
        self._team_id = team_id

    def command(
        self, person: Person, channel: Channel, *, command: str, text: str, **ids: str
    ) -> Json:
        """A slash command; `ids` are its response_url and trigger_id."""
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": self._team_id,
            "team_domain": TEAM_NAME,
            "channel_id": channel.id,
            "channel_name": channel.name,
            "user_id": person.id,
            "user_name": person.name,
            "command": command,
            "text": text,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            **ids,
        }

    def pressed_in_message(
        self,
        person: Person,
        message: Message,
        channel: Channel,
        control: Control,
        state: Json,
        **ids: str,
    ) -> Json:
        """A click or selection in a message; `ids` are its response_url and trigger_id."""
        container = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.ephemeral_to is not None,
        }
        values: Json = {}
        for one in fields(message.blocks):
            chosen = state if one == control else one.untouched()
            values.setdefault(one.block_id, {})[one.action_id] = chosen
        return {
            **self._interaction("block_actions", person),
            "container": container,
            "channel": {"id": channel.id, "name": channel.name},
            **({} if message.ephemeral_to else {"message": message.as_slack()}),
            "state": {"values": values},
            "actions": [_action(control, state)],
            **ids,
        }

    def pressed_in_view(
        self, person: Person, view: Json, control: Control, state: Json, trigger_id: str
    ) -> Json:
        """A click or selection in a modal or on the Home tab."""
        return {
            **self._interaction("block_actions", person),
            "container": {"type": "view", "view_id": view["id"]},
            "view": view,
            "actions": [_action(control, state)],
            "trigger_id": trigger_id,
        }

    def submitted(self, person: Person, view: Json, trigger_id: str) -> Json:
        """A submitted modal."""
        return {
            **self._interaction("view_submission", person),
            "view": view,
            "trigger_id": trigger_id,
            "response_urls": [],
        }

    def closed(self, person: Person, view: Json) -> Json:
        """A modal that was closed without being submitted."""
        return {**self._interaction("view_closed", person), "view": view, "is_cleared": False}

    def shortcut(self, person: Person, callback_id: str, trigger_id: str) -> Json:
        """A global shortcut."""
        return {
            **self._interaction("shortcut", person),
            "callback_id": callback_id,
            "trigger_id": trigger_id,
            "action_ts": _now(),
        }

    def suggestion(self, person: Person, view: Json, control: Control, typed: str) -> Json:
        """The options request of an external select, while somebody types."""
        return {
            **self._interaction("block_suggestion", person),
            "container": {"type": "view", "view_id": view["id"]},
            "view": view,
            "block_id": control.block_id,
            "action_id": control.action_id,
            "value": typed,
        }

    def event(self, event: Mapping[str, Any], event_id: str) -> Json:
        """An event in the envelope of the Events API."""
        authorization = {
            "enterprise_id": None,
            "team_id": self._team_id,
            "user_id": BOT_USER_ID,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": self._team_id,
            "api_app_id": APP_ID,
            "event": dict(event),
            "type": "event_callback",
            "event_id": event_id,
            "event_time": int(time.time()),
            "authorizations": [authorization],
            "is_ext_shared_channel": False,
            "event_context": f"4-{event_id}",
        }

    def _interaction(self, kind: str, person: Person) -> Json:
        return {
            "type": kind,
            "user": {
                "id": person.id,
                "username": person.name,
                "name": person.name,
                "team_id": person.team_id,
            },
            "team": {"id": self._team_id, "domain": TEAM_NAME},
            "api_app_id": APP_ID,
            "token": VERIFICATION_TOKEN,
            "enterprise": None,
            "is_enterprise_install": False,
        }


def _action(control: Control, state: Json) -> Json:
    action = {
        "type": control.kind,
        "block_id": control.block_id,
        "action_id": control.action_id,
        "action_ts": _now(),
        **state,
    }
    if control.kind == "button":
        action["text"] = {"emoji": True, **control.element["text"]}
        action |= {
            key: control.element[key] for key in ("value", "style") if key in control.element
        }
    elif "placeholder" in control.element:
        action["placeholder"] = control.element["placeholder"]
    return action


def _now() -> str:
    return f"{time.time():.6f}"
