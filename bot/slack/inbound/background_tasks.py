"""Background tasks: what follows an acknowledgement, in threads of this process.

They are lost with the process, so they only open forms and answer queries, which somebody would
ask for again. A command that changes something is saved first, and carried out by the worker.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError

from bot.retry import TemporaryError
from bot.slack.client import NO_ANSWER, SlackClient
from bot.slack.inbound.payloads import Interaction
from bot.slack.messages import Message
from bot.slack.outbound.delivery import respond

_THREADS = 4

log = structlog.get_logger()


class BackgroundTasks:
    """Runs tasks after the acknowledgement, in a few threads."""

    def __init__(self, client: SlackClient) -> None:
        self._client = client
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="background")

    def close(self) -> None:
        """Start nothing more; what is running ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def do(self, act: Callable[[], None]) -> None:
        """Run *act* soon; what it logs has the reference of this interaction."""
        self._pool.submit(copy_context().run, act)

    def open_view(self, view: dict[str, Any], asked: Interaction, *, otherwise: Message) -> None:
        """Open a form soon (Slack allows three seconds), or answer with *otherwise*."""

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
        """Update an open form soon, if that is still wanted and the form is still open.

        Slack refuses an update that is based on an older state of the form (`hash_conflict`); if it
        is still wanted then, it is made all the same.
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
        """Send a direct message soon."""

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
        except TemporaryError as error:
            log.warning("answer not delivered", error=str(error))


def _is_closed(error: Exception) -> bool:
    return isinstance(error, SlackApiError) and error.response.get("error") == "not_found"
