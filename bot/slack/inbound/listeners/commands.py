"""What somebody types: `/dbaccess …`, answered in the acknowledgement itself."""

from typing import Any

from slack_bolt import Ack, App

from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.payloads import from_command


def register(app: App, controller: SlackController) -> None:
    """Register the slash command."""

    @app.command("/dbaccess")
    def on_command(ack: Ack, body: dict[str, Any]) -> None:
        message = controller.slash_command(str(body.get("text") or ""), from_command(body))
        if message is None:
            ack()
        else:
            ack(text=message.text, blocks=message.blocks, response_type="ephemeral")
