"""Listeners, a module for each kind: acknowledge, call one use case, show its answer."""

from slack_bolt import App

from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.listeners import buttons, commands, decision_forms, forms, home, myip, people


def register(app: App, controller: SlackController) -> None:
    """Register every listener."""
    for listeners in (commands, buttons, forms, decision_forms, home, myip, people):
        listeners.register(app, controller)
