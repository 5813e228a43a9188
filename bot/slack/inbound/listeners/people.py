"""People who leave."""

from slack_bolt import App, BoltContext

from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.listeners.payload import Payload
from bot.slack.inbound.payloads import from_changed_account

_CHANGED = Payload(from_changed_account)


def register(app: App, controller: SlackController) -> None:
    """Register changes of accounts: who was deactivated, or is a guest by now."""

    @app.event("user_change", middleware=[_CHANGED.read])
    def on_user_change(context: BoltContext) -> None:
        changed = _CHANGED.of(context)
        controller.account_changed(changed.user_id, has_left=changed.has_left)
