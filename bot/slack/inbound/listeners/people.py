"""People who leave."""

from typing import Any

from slack_bolt import App

from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.payloads import reading, slack_id


def register(app: App, controller: SlackController) -> None:
    """Register changes of accounts: who was deactivated, or is a guest by now."""

    @app.event("user_change")
    def on_user_change(event: dict[str, Any]) -> None:
        with reading("a changed account"):
            user_id, has_left = slack_id(event["user"]["id"]), event["user"].get("deleted") is True
        controller.account_changed(user_id, has_left=has_left)
