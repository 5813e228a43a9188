"""What somebody presses: each command is saved, and carried out after the acknowledgement."""

from collections.abc import Callable

from slack_bolt import Ack, App, BoltContext

from bot.domain.commands import Cancel, Command, Container, Keep, PutBack, Review, Revoke
from bot.domain.lifecycle import Verdict
from bot.domain.queries import OpenEmergencyForm, OpenForm
from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.listeners.decisions import decision
from bot.slack.inbound.listeners.payload import Payload
from bot.slack.inbound.payloads import Press, from_asking, from_choice, from_press
from bot.slack.messages.buttons import Button


def _what_stays(press: Press) -> Container:
    """Return where it was pressed, unless the answer takes the place of that message."""
    return Container() if press.interaction.in_place else press.container


_COMMANDS: dict[Button, Callable[[Press], Command]] = {
    Button.APPROVE: lambda press: decision(press, Verdict.APPROVE),
    Button.REVIEWED: lambda press: Review(
        request_id=press.number, mark=press.mark, container=press.container
    ),
    Button.REVOKE: lambda press: Revoke(
        grant_id=press.number, mark=press.mark, container=_what_stays(press)
    ),
    Button.KEEP: lambda press: Keep(grant_id=press.number, mark=press.mark),
    Button.PUT_BACK: lambda press: PutBack(grant_id=press.number, mark=press.mark),
    Button.CANCEL: lambda press: Cancel(
        request_id=press.number, mark=press.mark, container=press.container
    ),
}
_PRESS = Payload(from_press)
_CHOICE = Payload(from_choice)
_ASKING = Payload(from_asking)


def register(app: App, controller: SlackController) -> None:
    """Register the buttons."""
    _register_beginnings(app, controller)
    for button, command_for in _COMMANDS.items():
        _register_command(app, controller, button, command_for)

    @app.action(Button.APPROVE_FOR, middleware=[_CHOICE.read])
    def on_approve_for(ack: Ack, context: BoltContext) -> None:
        ack()
        choice = _CHOICE.of(context)
        command = decision(choice, Verdict.APPROVE, at_most=choice.duration)
        controller.defer(command, choice.interaction)

    @app.action(Button.DENY, middleware=[_PRESS.read])
    def on_deny(ack: Ack, context: BoltContext) -> None:
        ack()
        controller.deny(_PRESS.of(context))

    @app.action(Button.APPROVE_WITH, middleware=[_PRESS.read])
    def on_approve_with(ack: Ack, context: BoltContext) -> None:
        ack()
        controller.approve_with(_PRESS.of(context))

    @app.action(Button.EXTEND, middleware=[_PRESS.read])
    def on_extend(ack: Ack, context: BoltContext) -> None:
        ack()
        controller.extend(_PRESS.of(context))

    @app.action(Button.CONNECT, middleware=[_PRESS.read])
    def on_connect(ack: Ack, context: BoltContext) -> None:
        ack()
        controller.connect(_PRESS.of(context))

    @app.action(Button.ASK_AGAIN, middleware=[_PRESS.read])
    def on_ask_again(ack: Ack, context: BoltContext) -> None:
        ack()
        controller.ask_again(_PRESS.of(context))

    @app.action(Button.ASK, middleware=[_ASKING.read])
    def on_ask(ack: Ack, context: BoltContext) -> None:
        ack()
        asking = _ASKING.of(context)
        controller.ask_for(OpenForm(cluster=asking.cluster), asking.interaction)


def _register_beginnings(app: App, controller: SlackController) -> None:
    """Register what begins something of its own, on the Home tab and elsewhere."""

    @app.action(Button.EMERGENCY, middleware=[_ASKING.read])
    def on_emergency(ack: Ack, context: BoltContext) -> None:
        ack()
        controller.ask_for(OpenEmergencyForm(), _ASKING.of(context).interaction)

    @app.action(Button.MY_IP, middleware=[_ASKING.read])
    def on_my_ip(ack: Ack, context: BoltContext) -> None:
        ack()
        controller.my_ip(_ASKING.of(context).interaction)


def _register_command(
    app: App, controller: SlackController, button: Button, command_for: Callable[[Press], Command]
) -> None:
    """Register a button that is a command about its request or grant."""

    @app.action(button, middleware=[_PRESS.read])
    def on_press(ack: Ack, context: BoltContext) -> None:
        ack()
        press = _PRESS.of(context)
        controller.defer(command_for(press), press.interaction)
