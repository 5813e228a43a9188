"""The Home tab."""

from slack_bolt import App, BoltContext

from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.listeners.payload import Payload
from bot.slack.inbound.payloads import from_opened_tab

_OPENED = Payload(from_opened_tab)


def register(app: App, controller: SlackController) -> None:
    """Register the opening of the Home tab; the tab of messages is another one."""

    @app.event("app_home_opened", middleware=[_OPENED.read])
    def on_home(context: BoltContext) -> None:
        opened = _OPENED.of(context)
        if opened.is_home:
            controller.home_opened(opened.user_id, opened.team_id)
