"""The Home tab."""

from typing import Any

from slack_bolt import App

from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.payloads import reading, slack_id


def register(app: App, controller: SlackController) -> None:
    """Register the opening of the Home tab; the tab of messages is another one."""

    @app.event("app_home_opened")
    def on_home(event: dict[str, Any], body: dict[str, Any]) -> None:
        with reading("an opened Home tab"):
            user_id, team_id = slack_id(event["user"]), slack_id(body.get("team_id"), missing="")
        if event.get("tab", "home") == "home":
            controller.home_opened(user_id, team_id)
