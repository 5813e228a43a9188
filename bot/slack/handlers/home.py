"""The Home tab."""

from typing import Any

from slack_bolt import App

from bot.slack.counter import Counter


def register(app: App, counter: Counter) -> None:
    """Register the opening of the Home tab."""

    @app.event("app_home_opened")
    def on_home(event: dict[str, Any], body: dict[str, Any]) -> None:
        if event.get("tab", "home") == "home":
            counter.show_home(str(event["user"]), str(body.get("team_id") or ""))
