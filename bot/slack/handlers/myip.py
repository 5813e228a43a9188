"""The buttons of `myip`."""

from typing import Any

from slack_bolt import Ack, App

from bot.domain.screens import OpenForm
from bot.slack.counter import Counter
from bot.slack.interaction import from_asking_from
from bot.slack.messages.buttons import Button


def register(app: App, counter: Counter) -> None:
    """Register the button with the link, and the one with the address that it read."""

    @app.action(Button.OPEN_LINK)
    def on_open_link(ack: Ack) -> None:
        ack()  # Slack opens it; what happens there comes back another way

    @app.action(Button.ASK_FROM)
    def on_ask_from(ack: Ack, body: dict[str, Any]) -> None:
        asking = from_asking_from(body)
        counter.ask_for(OpenForm(source=asking.source), asking.interaction)
        ack()
