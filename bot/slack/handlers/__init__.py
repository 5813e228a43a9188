"""Handlers: acknowledge, call one use case, show its answer."""

from slack_bolt import App

from bot.slack.counter import Counter
from bot.slack.handlers import buttons, commands, forms, home, myip, people


def register(app: App, counter: Counter) -> None:
    """Register every listener."""
    for listeners in (commands, buttons, forms, home, myip, people):
        listeners.register(app, counter)
