"""Forms: opened by the shortcut, changed while somebody chooses, and sent off.

What is wrong with a form is said in the acknowledgement, so these listeners acknowledge last.
"""

from slack_bolt import Ack, App, BoltContext

from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.form_state import from_form, from_search
from bot.slack.inbound.listeners.payload import Payload
from bot.slack.inbound.payloads import (
    EMERGENCY_FORM,
    EXTENSION_FORM,
    REQUEST_FORM,
    SHORTCUT,
    from_shortcut,
)
from bot.slack.messages import Button, Part

_SHORTCUT = Payload(from_shortcut)
_FORM = Payload(from_form)
_SEARCH = Payload(from_search)


def register(app: App, controller: SlackController) -> None:
    """Register the forms that ask for access or more time, and the shortcut."""

    @app.shortcut(SHORTCUT, middleware=[_SHORTCUT.read])
    def on_shortcut(ack: Ack, context: BoltContext) -> None:
        ack()
        controller.shortcut(_SHORTCUT.of(context))

    @app.action(Part.CLUSTER, middleware=[_FORM.read])
    def on_cluster(ack: Ack, context: BoltContext) -> None:
        ack()
        controller.forms.changed(_FORM.of(context))

    @app.action(Part.KIND, middleware=[_FORM.read])
    def on_kind(ack: Ack, context: BoltContext) -> None:
        ack()
        controller.forms.changed(_FORM.of(context))

    @app.action(Button.USE_ADDRESS, middleware=[_FORM.read])
    def on_use_address(ack: Ack, context: BoltContext) -> None:
        ack()
        controller.forms.changed(_FORM.of(context))

    @app.action(Button.READ_ADDRESS, middleware=[_FORM.read])
    def on_read_address(ack: Ack, context: BoltContext) -> None:
        ack()
        controller.read_address(_FORM.of(context))

    @app.options(Part.SOURCE, middleware=[_SEARCH.read])
    def on_search(ack: Ack, context: BoltContext) -> None:
        ack(options=controller.forms.options(_SEARCH.of(context)))

    @app.view(REQUEST_FORM, middleware=[_FORM.read])
    def on_request_form(ack: Ack, context: BoltContext) -> None:
        _answer(ack, controller.forms.request_sent(_FORM.of(context)))

    @app.view(EMERGENCY_FORM, middleware=[_FORM.read])
    def on_emergency_form(ack: Ack, context: BoltContext) -> None:
        _answer(ack, controller.forms.emergency_sent(_FORM.of(context)))

    @app.view(EXTENSION_FORM, middleware=[_FORM.read])
    def on_extension_form(ack: Ack, context: BoltContext) -> None:
        _answer(ack, controller.forms.extension_sent(_FORM.of(context)))


def _answer(ack: Ack, errors: dict[str, str]) -> None:
    if errors:
        ack(response_action="errors", errors=errors)
    else:
        ack()
