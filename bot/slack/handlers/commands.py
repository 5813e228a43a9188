"""What somebody types: `/dbaccess …`, answered in the acknowledgement itself."""

from typing import Any

from slack_bolt import Ack, App

from bot.slack.counter import Counter
from bot.slack.interaction import from_command


def register(app: App, counter: Counter) -> None:
    """Register the slash command."""

    @app.command("/dbaccess")
    def on_command(ack: Ack, body: dict[str, Any]) -> None:
        message = counter.command(str(body.get("text") or ""), from_command(body))
        if message is None:
            ack()
        else:
            ack(text=message.text, blocks=message.blocks, response_type="ephemeral")
