"""What somebody presses: each press is written down, acknowledged and then carried out."""

from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App

from bot.domain.lifecycle import Verdict
from bot.domain.screens import OpenForm
from bot.domain.wishes import Cancel, Decide, PutBack, Review, Revoke, Wish
from bot.slack.counter import Counter
from bot.slack.interaction import Press, from_asking, from_choice, from_press
from bot.slack.messages.buttons import Button

_WISHES: dict[Button, Callable[[Press], Wish]] = {
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


def register(app: App, counter: Counter) -> None:
    """Register the buttons."""
    for button, wish_for in _WISHES.items():
        _register_wish(app, counter, button, wish_for)

    @app.action(Button.APPROVE_FOR)
    def on_approve_for(ack: Ack, body: dict[str, Any]) -> None:
        choice = from_choice(body)
        wish = Decide(
            request_id=choice.number,
            verdict=Verdict.APPROVE,
            at_most=choice.duration,
            mark=choice.mark,
            container=choice.container,
        )
        counter.wish(wish, choice.interaction)
        ack()

    @app.action(Button.DENY)
    def on_deny(ack: Ack, body: dict[str, Any]) -> None:
        press = from_press(body)
        counter.deny(press)
        ack()

    @app.action(Button.EXTEND)
    def on_extend(ack: Ack, body: dict[str, Any]) -> None:
        press = from_press(body)
        counter.extend(press)
        ack()

    @app.action(Button.ASK)
    def on_ask(ack: Ack, body: dict[str, Any]) -> None:
        asking = from_asking(body)
        counter.ask_for(OpenForm(cluster=asking.cluster), asking.interaction)
        ack()


def _register_wish(
    app: App, counter: Counter, button: Button, wish_for: Callable[[Press], Wish]
) -> None:
    """Register a button that stands for a wish about its request or grant."""

    @app.action(button)
    def on_press(ack: Ack, body: dict[str, Any]) -> None:
        press = from_press(body)
        counter.wish(wish_for(press), press.interaction)
        ack()
