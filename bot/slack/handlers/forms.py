"""Forms that somebody sends off."""

from typing import Any

from slack_bolt import Ack, App

from bot.domain.lifecycle import Verdict
from bot.domain.wishes import Decide
from bot.slack.counter import Counter
from bot.slack.drafts import from_form, from_search
from bot.slack.interaction import (
    DENIAL,
    EMERGENCY_FORM,
    EXTENSION_FORM,
    REQUEST_FORM,
    SHORTCUT,
    from_denial,
    from_shortcut,
)
from bot.slack.messages import Part


def register(app: App, counter: Counter) -> None:
    """Register the forms that ask for access or more time, the one behind `Deny`, the shortcut."""

    @app.shortcut(SHORTCUT)
    def on_shortcut(ack: Ack, body: dict[str, Any]) -> None:
        counter.shortcut(from_shortcut(body))
        ack()

    @app.action(Part.CLUSTER)
    def on_cluster(ack: Ack, body: dict[str, Any]) -> None:
        counter.forms.changed(from_form(body))
        ack()

    @app.action(Part.KIND)
    def on_kind(ack: Ack, body: dict[str, Any]) -> None:
        counter.forms.changed(from_form(body))
        ack()

    @app.options(Part.SOURCE)
    def on_search(ack: Ack, body: dict[str, Any]) -> None:
        ack(options=counter.forms.options(from_search(body)))

    @app.view(REQUEST_FORM)
    def on_request_form(ack: Ack, body: dict[str, Any]) -> None:
        _answer(ack, counter.forms.request_sent(from_form(body)))

    @app.view(EMERGENCY_FORM)
    def on_emergency_form(ack: Ack, body: dict[str, Any]) -> None:
        _answer(ack, counter.forms.emergency_sent(from_form(body)))

    @app.view(EXTENSION_FORM)
    def on_extension_form(ack: Ack, body: dict[str, Any]) -> None:
        _answer(ack, counter.forms.extension_sent(from_form(body)))

    @app.view(DENIAL)
    def on_denial(ack: Ack, body: dict[str, Any]) -> None:
        denial = from_denial(body)
        if not denial.reason:
            ack(response_action="errors", errors={"reason": "Say why, in a few words."})
            return
        wish = Decide(
            request_id=denial.number,
            verdict=Verdict.DENY,
            reason=denial.reason,
            mark=denial.mark,
            container=denial.container,
        )
        counter.wish(wish, denial.interaction)
        ack()


def _answer(ack: Ack, errors: dict[str, str]) -> None:
    if errors:
        ack(response_action="errors", errors=errors)
    else:
        ack()
