"""Tells the operators that nothing can be saved: directly, for no message can be saved either."""

from collections.abc import Callable

import structlog

from bot.domain.policy import Policy
from bot.slack import messages
from bot.slack.client import NO_ANSWER, SlackClient
from bot.slack.messages import Message
from bot.store.database_state import Outage

log = structlog.get_logger()


class DatabaseAlarm:
    """One message for an outage, and one after it; each is tried once."""

    def __init__(self, client: SlackClient, policy: Callable[[], Policy]) -> None:
        self._client = client
        self._policy = policy
        self._told = False

    def tell(self, outage: Outage) -> None:
        """Tell of an outage that lasts."""
        self._told = True
        self._post(messages.database_unavailable(outage.trouble, outage.since, outage.said))

    def tell_end(self, outage: Outage) -> None:
        """Tell that it is over, if they know of it."""
        if self._told:
            self._told = False
            self._post(messages.database_back(outage.since))

    def _post(self, message: Message) -> None:
        try:
            self._client.chat_postMessage(
                channel=self._policy().operators, text=message.text, blocks=message.blocks
            )
        except NO_ANSWER as error:
            log.warning("operators not notified", error=type(error).__name__)
