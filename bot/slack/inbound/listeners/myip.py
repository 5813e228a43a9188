"""The buttons of `myip`."""

from slack_bolt import Ack, App, BoltContext

from bot.domain.queries import OpenEmergencyForm, OpenForm
from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.listeners.payload import Payload
from bot.slack.inbound.payloads import AskingFrom, from_asking_from
from bot.slack.messages.buttons import Button

_ASKING = Payload(from_asking_from)


def register(app: App, controller: SlackController) -> None:
    """Register the button with the link, and the one with the address that it read."""

    @app.action(Button.OPEN_LINK)
    def on_open_link(ack: Ack) -> None:
        ack()  # Slack opens it; what happens there comes back another way

    @app.action(Button.ASK_FROM, middleware=[_ASKING.read])
    def on_ask_from(ack: Ack, context: BoltContext) -> None:
        ack()
        asking = _ASKING.of(context)
        controller.ask_for(_form(asking), asking.interaction)


def _form(asking: AskingFrom) -> OpenForm | OpenEmergencyForm:
    """Return the form to open: the one that the address was read for, with what stood in it."""
    kept = asking.form
    if kept is None:
        return OpenForm(source=asking.source)
    open_form = OpenEmergencyForm if kept.is_emergency else OpenForm
    duration = kept.duration.strip() or kept.length
    return open_form(asking.source, duration, kept.reason, kept.cluster)
