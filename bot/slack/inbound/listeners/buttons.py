"""What somebody presses: each press is written down, acknowledged and then carried out."""

from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App

from bot.domain.commands import Cancel, Command, Decide, PutBack, Review, Revoke
from bot.domain.lifecycle import Verdict
from bot.domain.queries import OpenForm
from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.payloads import Press, from_asking, from_choice, from_press
from bot.slack.messages.buttons import Button

_COMMANDS: dict[Button, Callable[[Press], Command]] = {
    Button.APPROVE: lambda press: Decide(
        request_id=press.number,
        verdict=Verdict.APPROVE,
        mark=press.mark,
        container=press.container,
    ),
    Button.REVIEWED: lambda press: Review(
        request_id=press.number, mark=press.mark, container=press.container
    ),
    Button.REVOKE: lambda press: Revoke(grant_id=press.number, mark=press.mark),
    Button.PUT_BACK: lambda press: PutBack(grant_id=press.number, mark=press.mark),
    Button.CANCEL: lambda press: Cancel(request_id=press.number, mark=press.mark),
}


def register(app: App, controller: SlackController) -> None:
    """Register the buttons."""
    for button, command_for in _COMMANDS.items():
        _register_command(app, controller, button, command_for)

    @app.action(Button.APPROVE_FOR)
    def on_approve_for(ack: Ack, body: dict[str, Any]) -> None:
        choice = from_choice(body)
        command = Decide(
            request_id=choice.number,
            verdict=Verdict.APPROVE,
            at_most=choice.duration,
            mark=choice.mark,
            container=choice.container,
        )
        controller.defer(command, choice.interaction)
        ack()

    @app.action(Button.DENY)
    def on_deny(ack: Ack, body: dict[str, Any]) -> None:
        press = from_press(body)
        controller.deny(press)
        ack()

    @app.action(Button.EXTEND)
    def on_extend(ack: Ack, body: dict[str, Any]) -> None:
        press = from_press(body)
        controller.extend(press)
        ack()

    @app.action(Button.ASK)
    def on_ask(ack: Ack, body: dict[str, Any]) -> None:
        asking = from_asking(body)
        controller.ask_for(OpenForm(cluster=asking.cluster), asking.interaction)
        ack()


def _register_command(
    app: App, controller: SlackController, button: Button, command_for: Callable[[Press], Command]
) -> None:
    """Register a button that is a command about its request or grant."""

    @app.action(button)
    def on_press(ack: Ack, body: dict[str, Any]) -> None:
        press = from_press(body)
        controller.defer(command_for(press), press.interaction)
        ack()
