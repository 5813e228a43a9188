"""People who leave."""

from typing import Any

from slack_bolt import App

from bot.slack.counter import Counter
from bot.slack.interaction import reading, slack_id


def register(app: App, counter: Counter) -> None:
    """Register changes of accounts; only a deactivated one matters."""

    @app.event("user_change")
    def on_user_change(event: dict[str, Any]) -> None:
        with reading("a changed account"):
            user_id, has_left = slack_id(event["user"]["id"]), event["user"].get("deleted") is True
        if has_left:
            counter.somebody_left(user_id)
