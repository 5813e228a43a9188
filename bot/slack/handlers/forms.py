"""Forms that somebody sends off."""

from typing import Any

from slack_bolt import Ack, App

from bot.domain.lifecycle import Verdict
from bot.domain.wishes import Decide
from bot.slack.counter import Counter
from bot.slack.interaction import DENIAL, REQUEST_FORM, from_denial, from_request_form


def register(app: App, counter: Counter) -> None:
    """Register the form that asks for access, and the one behind `Deny`."""

    @app.view(REQUEST_FORM)
    def on_request_form(ack: Ack, body: dict[str, Any]) -> None:
        errors = counter.request_form(from_request_form(body))
        if errors:
            ack(response_action="errors", errors=errors)
        else:
            ack()

    @app.view(DENIAL)
    def on_denial(ack: Ack, body: dict[str, Any]) -> None:
        denial = from_denial(body)
        if not denial.reason:
            ack(response_action="errors", errors={"reason": "Say why, in a few words."})
            return
        wish = Decide(request_id=denial.number, verdict=Verdict.DENY, reason=denial.reason)
        counter.wish(wish, denial.interaction)
        ack()
