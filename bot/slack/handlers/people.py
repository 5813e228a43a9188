"""People who leave."""

from typing import Any

from slack_bolt import App

from bot.slack.counter import Counter


def register(app: App, counter: Counter) -> None:
    """Register changes of accounts; only a deactivated one matters."""

    @app.event("user_change")
    def on_user_change(event: dict[str, Any]) -> None:
        user = event.get("user") or {}
        if user.get("deleted") is True and user.get("id"):
            counter.somebody_left(str(user["id"]))
