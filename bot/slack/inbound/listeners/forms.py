"""Forms that somebody sends off."""

from typing import Any

from slack_bolt import Ack, App

from bot.domain.commands import Decide
from bot.domain.lifecycle import Verdict
from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.form_state import from_form, from_search
from bot.slack.inbound.payloads import (
    DENIAL,
    EMERGENCY_FORM,
    EXTENSION_FORM,
    REQUEST_FORM,
    SHORTCUT,
    from_denial,
    from_shortcut,
)
from bot.slack.messages import SAY_WHY, Part


def register(app: App, controller: SlackController) -> None:
    """Register the forms that ask for access or more time, the one behind `Deny`, the shortcut."""

    @app.shortcut(SHORTCUT)
    def on_shortcut(ack: Ack, body: dict[str, Any]) -> None:
        controller.shortcut(from_shortcut(body))
        ack()

    @app.action(Part.CLUSTER)
    def on_cluster(ack: Ack, body: dict[str, Any]) -> None:
        controller.forms.changed(from_form(body))
        ack()

    @app.action(Part.KIND)
    def on_kind(ack: Ack, body: dict[str, Any]) -> None:
        controller.forms.changed(from_form(body))
        ack()

    @app.options(Part.SOURCE)
    def on_search(ack: Ack, body: dict[str, Any]) -> None:
        ack(options=controller.forms.options(from_search(body)))

    @app.view(REQUEST_FORM)
    def on_request_form(ack: Ack, body: dict[str, Any]) -> None:
        _answer(ack, controller.forms.request_sent(from_form(body)))

    @app.view(EMERGENCY_FORM)
    def on_emergency_form(ack: Ack, body: dict[str, Any]) -> None:
        _answer(ack, controller.forms.emergency_sent(from_form(body)))

    @app.view(EXTENSION_FORM)
    def on_extension_form(ack: Ack, body: dict[str, Any]) -> None:
        _answer(ack, controller.forms.extension_sent(from_form(body)))

    @app.view(DENIAL)
    def on_denial(ack: Ack, body: dict[str, Any]) -> None:
        denial = from_denial(body)
        if not denial.reason:
            ack(response_action="errors", errors={"reason": SAY_WHY})
            return
        command = Decide(
            request_id=denial.number,
            verdict=Verdict.DENY,
            reason=denial.reason,
            mark=denial.mark,
            container=denial.container,
        )
        controller.defer(command, denial.interaction)
        ack()


def _answer(ack: Ack, errors: dict[str, str]) -> None:
    if errors:
        ack(response_action="errors", errors=errors)
    else:
        ack()
