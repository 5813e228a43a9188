"""Background tasks: what follows an acknowledgement, in threads of this process.

They are lost with the process, so they only open forms and answer queries, which somebody would
ask for again. A command that changes something is saved first, and carried out by the worker.

Each kind has threads of its own, so that none waits for what another waits for: a form lives three
seconds, while DigitalOcean may take its time, and a reply may not arrive at all.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from time import monotonic
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError

from bot.slack.client import NO_ANSWER, SlackClient
from bot.slack.inbound.lines import Lines
from bot.slack.inbound.payloads import Interaction
from bot.slack.limits import TRIGGER_SECONDS
from bot.slack.messages import Message
from bot.slack.outbound.replies import Replies

_FORM_THREADS = 8
_UPDATE_THREADS = 8
_LOOKUP_THREADS = 8
_PAGE_THREADS = 16
_REPLY_THREADS = 16

log = structlog.get_logger()


class BackgroundTasks:
    """Runs tasks after the acknowledgement.

    Args:
        client: posts direct messages.
        form_client: opens and updates forms; it waits no longer than a form can be opened.
        replies: answers people where they acted.
    """

    def __init__(self, client: SlackClient, form_client: SlackClient, replies: Replies) -> None:
        self._client = client
        self._form_client = form_client
        self._replies = replies
        self._forms = ThreadPoolExecutor(_FORM_THREADS, thread_name_prefix="forms")
        self._updates = ThreadPoolExecutor(_UPDATE_THREADS, thread_name_prefix="form-updates")
        self._lookups = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="lookups")
        self._pages = ThreadPoolExecutor(_PAGE_THREADS, thread_name_prefix="pages")
        self._clusters = Lines(self._pages)
        self._answers = ThreadPoolExecutor(_REPLY_THREADS, thread_name_prefix="replies")

    def close(self) -> None:
        """Start nothing more; what is running ends by itself."""
        for pool in (self._forms, self._updates, self._lookups, self._pages, self._answers):
            pool.shutdown(wait=False, cancel_futures=True)

    def look_up(self, act: Callable[[], None]) -> None:
        """Run soon what asks Slack's directory, and nothing that takes longer."""
        _run(self._lookups, act)

    def make_page(self, cluster: str, act: Callable[[], None]) -> None:
        """Run soon what asks DigitalOcean about a cluster, after what others ask about it.

        They share its answer, so whoever comes second waits no longer for coming second.
        """
        self._clusters.submit(cluster, partial(copy_context().run, act))

    def open_view(
        self,
        view: dict[str, Any],
        asked: Interaction,
        *,
        otherwise: Message,
        then: Callable[[str], None] = lambda _view_id: None,
    ) -> None:
        """Open a form soon (Slack allows three seconds), or answer with *otherwise*.

        *then* is called with the id of the open form.
        """

        def act() -> None:
            if monotonic() - asked.received_at >= TRIGGER_SECONDS:
                log.warning("form not opened", error="too late")
                self.reach(asked, otherwise)
                return
            try:
                opened = self._form_client.views_open(trigger_id=asked.trigger_id, view=view)
            except NO_ANSWER as error:
                log.warning("form not opened", error=type(error).__name__)
                self.reach(asked, otherwise)
            else:
                then(str((opened.get("view") or {}).get("id") or ""))

        _run(self._forms, act)

    def update_view(
        self,
        view: dict[str, Any],
        view_id: str,
        view_hash: str,
        *,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Update an open form soon, if that is still wanted and the form is still open.

        Slack refuses an update that is based on an older state of the form (`hash_conflict`); if it
        is still wanted then, it is made all the same.
        """

        def show(**as_known: str) -> None:
            if is_wanted():
                self._form_client.views_update(view_id=view_id, view=view, **as_known)

        def act() -> None:
            try:
                try:
                    show(**({"hash": view_hash} if view_hash else {}))
                except SlackApiError as error:
                    if error.response.get("error") != "hash_conflict":
                        raise
                    show()
            except NO_ANSWER as error:
                if not _is_closed(error):
                    log.warning("form not updated", error=type(error).__name__)

        _run(self._updates, act)

    def direct(self, user_id: str, message: Message) -> None:
        """Send a direct message soon."""
        _run(self._answers, lambda: self._post(user_id, message))

    def reach(self, asked: Interaction, message: Message) -> None:
        """Answer one person soon where they acted; where that cannot be, by direct message."""

        def act() -> None:
            address = asked.response_url
            if address is None or not self._replies.respond(address, message):
                self._post(asked.user_id, message)

        _run(self._answers, act)

    def _post(self, user_id: str, message: Message) -> None:
        try:
            self._client.chat_postMessage(channel=user_id, text=message.text, blocks=message.blocks)
        except NO_ANSWER as error:
            log.warning("answer not delivered", error=type(error).__name__)


def _run(pool: ThreadPoolExecutor, act: Callable[[], None]) -> None:
    """Run *act* soon; what it logs has the reference of this interaction."""
    pool.submit(copy_context().run, act)


def _is_closed(error: Exception) -> bool:
    return isinstance(error, SlackApiError) and error.response.get("error") == "not_found"
