"""What somebody presses: each press is written down, acknowledged and then carried out."""

from typing import Any

from slack_bolt import Ack, App

from bot.domain.lifecycle import Verdict
from bot.domain.screens import OpenForm
from bot.domain.wishes import Cancel, Decide, Extend, Review, Revoke
from bot.slack.counter import Counter
from bot.slack.interaction import from_asking, from_choice, from_press
from bot.slack.messages.buttons import Button


def register(app: App, counter: Counter) -> None:
    """Register the buttons."""

    @app.action(Button.APPROVE)
    def on_approve(ack: Ack, body: dict[str, Any]) -> None:
        press = from_press(body)
        counter.wish(Decide(request_id=press.number, verdict=Verdict.APPROVE), press.interaction)
        ack()

    @app.action(Button.APPROVE_FOR)
    def on_approve_for(ack: Ack, body: dict[str, Any]) -> None:
        choice = from_choice(body)
        wish = Decide(request_id=choice.number, verdict=Verdict.APPROVE, at_most=choice.duration)
        counter.wish(wish, choice.interaction)
        ack()

    @app.action(Button.DENY)
    def on_deny(ack: Ack, body: dict[str, Any]) -> None:
        press = from_press(body)
        counter.forms.open_denial(press.number, press.interaction)
        ack()

    @app.action(Button.ASK)
    def on_ask(ack: Ack, body: dict[str, Any]) -> None:
        asking = from_asking(body)
        counter.ask_for(OpenForm(cluster=asking.cluster), asking.interaction)
        ack()

    @app.action(Button.REVIEWED)
    def on_reviewed(ack: Ack, body: dict[str, Any]) -> None:
        press = from_press(body)
        counter.wish(Review(request_id=press.number), press.interaction)
        ack()

    @app.action(Button.EXTEND)
    def on_extend(ack: Ack, body: dict[str, Any]) -> None:
        press = from_press(body)
        counter.wish(Extend(grant_id=press.number), press.interaction)
        ack()

    @app.action(Button.REVOKE)
    def on_revoke(ack: Ack, body: dict[str, Any]) -> None:
        press = from_press(body)
        counter.wish(Revoke(grant_id=press.number), press.interaction)
        ack()

    @app.action(Button.CANCEL)
    def on_cancel(ack: Ack, body: dict[str, Any]) -> None:
        press = from_press(body)
        counter.wish(Cancel(request_id=press.number), press.interaction)
        ack()
