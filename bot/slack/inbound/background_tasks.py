"""Background tasks: what is answered after the acknowledgement, by threads of this process.

Only what may be lost with the process is done here: pages and forms that somebody waits for, and
would ask for again. What changes anything is written down first, as an errand.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError

from bot.slack import messages
from bot.slack.client import NO_ANSWER, SlackClient
from bot.slack.inbound.payloads import Interaction
from bot.slack.inbound.references import current_reference
from bot.slack.messages import Message
from bot.slack.outbound.delivery import TryLater, respond

_HANDS = 4

log = structlog.get_logger()


class BackgroundTasks:
    """A few hands that do things after the acknowledgement."""

    def __init__(self, client: SlackClient) -> None:
        self._client = client
        self._pool = ThreadPoolExecutor(_HANDS, thread_name_prefix="counter")

    def close(self) -> None:
        """Take nothing more on; what is under way ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def do(self, act: Callable[[], None]) -> None:
        """Have *act* done soon; what it logs is told with the interaction that it is done for."""
        self._pool.submit(copy_context().run, act)

    def open_view(self, view: dict[str, Any], asked: Interaction, *, otherwise: Message) -> None:
        """Open a form, soon: Slack gives three seconds. Where it does not open, say *otherwise*."""

        def act() -> None:
            try:
                self._client.views_open(trigger_id=asked.trigger_id, view=view)
            except NO_ANSWER as error:
                log.warning("form not opened", error=type(error).__name__)
                self.respond(asked, otherwise)

        self.do(act)

    def update_view(
        self,
        view: dict[str, Any],
        view_id: str,
        view_hash: str,
        *,
        is_wanted: Callable[[], bool],
    ) -> None:
        """Show something else in an open form, soon, if it is still wanted and still open.

        Slack refuses what follows from an older form than the one it shows by now. What is
        wanted none the less is shown all the same.
        """

        def show(**as_known: str) -> None:
            if is_wanted():
                self._client.views_update(view_id=view_id, view=view, **as_known)

        def act() -> None:
            try:
                try:
                    show(hash=view_hash)
                except SlackApiError as error:
                    if error.response.get("error") != "hash_conflict":
                        raise
                    show()
            except NO_ANSWER as error:
                if not _is_closed(error):
                    log.warning("form not updated", error=type(error).__name__)

        self.do(act)

    def direct(self, user_id: str, message: Message) -> None:
        """Write to one person, soon."""

        def act() -> None:
            try:
                self._client.chat_postMessage(
                    channel=user_id, text=message.text, blocks=message.blocks
                )
            except NO_ANSWER as error:
                log.warning("answer not delivered", error=type(error).__name__)

        self.do(act)

    def reach(self, asked: Interaction, message: Message) -> None:
        """Answer one person where they acted; where that is no place for answers, directly."""
        if asked.response_url is None:
            self.direct(asked.user_id, message)
        else:
            self.respond(asked, message)

    def respond(self, asked: Interaction, message: Message) -> None:
        """Answer one person where they acted, if that place still takes answers."""
        if asked.response_url is None:
            return
        try:
            respond(self._client, asked.response_url, message)
        except TryLater as error:
            log.warning("answer not delivered", error=str(error))


def _is_closed(error: Exception) -> bool:
    return isinstance(error, SlackApiError) and error.response.get("error") == "not_found"


def apologise(what: str, error: Exception) -> Message:
    """Log a fault of ours whole, and return what the person hears, with the same reference."""
    reference = current_reference()
    log.error(what, reference=reference, exc_info=error)
    return messages.apology(reference)
