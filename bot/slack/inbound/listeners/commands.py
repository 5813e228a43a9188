"""What somebody types: `/dbaccess …`, answered in the acknowledgement itself."""

from slack_bolt import Ack, App, BoltContext

from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.listeners.payload import Payload
from bot.slack.inbound.payloads import from_command

_COMMAND = Payload(from_command)


def register(app: App, controller: SlackController) -> None:
    """Register the slash command."""

    @app.command("/dbaccess", middleware=[_COMMAND.read])
    def on_command(ack: Ack, context: BoltContext) -> None:
        command = _COMMAND.of(context)
        message = controller.slash_command(command.text, command.interaction)
        if message is None:
            ack()
        else:
            ack(text=message.text, blocks=message.blocks, response_type="ephemeral")
