"""The outbox's postman: at least once, in order per conversation, and never twice at a time."""

import math
import random
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient
from structlog.contextvars import bind_contextvars

from bot.access.notifications import notify_operators, notify_person
from bot.clock import Clock
from bot.domain.notices import RequestCard, Undelivered
from bot.domain.policy import Policy
from bot.domain.subjects import subject_of
from bot.slack.client import DELIVERY_SECONDS, NO_ANSWER, SlackClient, code_of
from bot.slack.messages import Message, render
from bot.slack.outbound.pace import Pace
from bot.store import audit, outbox
from bot.store.audit import Action
from bot.store.database import DATABASE_UNAVAILABLE, Database
from bot.store.outbox import Owed, Post, Way

_LONGEST_WAIT_SECONDS = 60.0
_LONGEST_PATIENCE_SECONDS = 3600.0  # no header silences a conversation for longer
_ATTEMPTS = 5
_HOPELESS = frozenset(
    {
        "cannot_dm_bot",
        "cant_update_message",
        "channel_not_found",
        "edit_window_closed",
        "invalid_arguments",
        "invalid_blocks",
        "is_archived",
        "message_not_found",
        "messages_tab_disabled",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "not_in_channel",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "user_disabled",
        "user_not_found",
    }
)

log = structlog.get_logger()


class Hopeless(Exception):
    """Slack will never take this message; the text is its error code."""


class TryLater(Exception):
    """Slack did not take this message now. `seconds`: as long as it asks for, if it does."""

    def __init__(self, why: str, seconds: float | None = None) -> None:
        super().__init__(why)
        self.seconds = seconds


class Delivery:
    """Delivers what the outbox owes. Safe to call from several threads."""

    def __init__(
        self, database: Database, client: SlackClient, policy: Callable[[], Policy], clock: Clock
    ) -> None:
        self._database = database
        self._client = client
        self._policy = policy
        self._clock = clock
        self._pace = Pace(clock)

    def claim(self, *, most: int) -> list[Owed]:
        """Return messages that this process now has to deliver, one per conversation at most."""
        with self._database.transaction() as session:
            until = self._clock.in_seconds(outbox.CLAIM_SECONDS)
            return outbox.claim(session, self._clock.now(), until=until, most=most)

    def handle(self, owed: Owed) -> None:
        """Send one message and note what became of it; nothing is raised for Slack's faults."""
        bind_contextvars(outbox=owed.id, **subject_of(owed.notice))
        try:
            if self._is_superseded(owed):
                return
            post = self._send(owed)
        except Hopeless as error:
            self._give_up(owed, str(error))
        except TryLater as error:
            self._put_off(owed, error)
        except DATABASE_UNAVAILABLE:
            raise  # the database is away: the message is still owed when it is back
        except Exception as error:  # a fault of ours must not hold up the conversation for ever
            log.exception("message failed")
            if owed.attempts < _ATTEMPTS:
                self._put_off(owed, TryLater(type(error).__name__))
            else:
                self._give_up(owed, type(error).__name__)
        else:
            with self._database.transaction() as session:
                outbox.delivered(session, owed, self._clock.now(), post)

    def _is_superseded(self, owed: Owed) -> bool:
        """Leave out the look of a message that will be changed again right away."""
        if owed.way is not Way.UPDATE:
            return False
        with self._database.transaction() as session:
            return outbox.fold(session, owed, self._clock.now())

    def _send(self, owed: Owed) -> Post | None:
        message = render(owed.notice)
        match owed.way:
            case Way.POST | Way.DIRECT:
                self._keep_pace(owed, owed.target or "")
                return self._post(message, channel=owed.target)
            case Way.THREAD:
                at = self._find_post(owed)
                self._keep_pace(owed, at.channel)
                return self._post(message, channel=at.channel, thread_ts=at.ts)
            case Way.UPDATE:
                at = self._find_post(owed)
                self._keep_pace(owed, at.channel)
                self._call("chat.update", message, channel=at.channel, ts=at.ts)
                return None
            case Way.REPLY:
                return self._reply(owed, message)

    def _keep_pace(self, owed: Owed, channel: str) -> None:
        wait_seconds = self._pace.wait_seconds(owed.id, channel)
        if wait_seconds > 0:
            raise TryLater("in its turn", wait_seconds)

    def _post(self, message: Message, **where: str | None) -> Post:
        answer = self._call("chat.postMessage", message, unfurl_links=False, **where)
        try:
            return Post(answer["channel"], answer["ts"])
        except KeyError as error:
            raise TryLater("chat.postMessage named no message") from error

    def _reply(self, owed: Owed, message: Message) -> Post | None:
        """Answer where the person acted; by direct message once that address has expired."""
        if owed.reply_address and respond(self._client, owed.reply_address, message):
            return None
        return self._post(message, channel=owed.target)

    def _find_post(self, owed: Owed) -> Post:
        with self._database.reading() as session:
            post = outbox.find_post(session, owed.post or "")
        if post is None:
            raise Hopeless("there is no message to reply to")
        return post

    def _call(self, method: str, message: Message, **params: Any) -> dict[str, Any]:
        body = {"text": message.text, "blocks": message.blocks, **params}
        try:
            answer = self._client.api_call(method, json=body)
        except SlackApiError as error:
            code = code_of(error)
            if code in _HOPELESS:
                raise Hopeless(code) from error
            seconds = retry_after(error)
            if seconds is not None:
                self._pace.hold(str(params.get("channel")), seconds)
            raise TryLater(code, seconds) from error
        except NO_ANSWER as error:
            raise TryLater(type(error).__name__) from error
        return dict(answer.data) if isinstance(answer.data, dict) else {}

    def _put_off(self, owed: Owed, error: TryLater) -> None:
        wait_seconds = min(2.0 ** min(owed.attempts - 1, 6), _LONGEST_WAIT_SECONDS)
        wait_seconds *= 0.75 + random.random() / 2  # noqa: S311  # jitter, not a secret
        if error.seconds is not None:
            wait_seconds = min(error.seconds, outbox.LONGEST_WAIT_SECONDS)
        log.warning("message put off", error=str(error), way=owed.way)
        with self._database.transaction() as session:
            until = self._clock.in_seconds(wait_seconds)
            outbox.put_off(session, owed, until, str(error))

    def _give_up(self, owed: Owed, error: str) -> None:
        """Note that a message cannot be delivered, and tell those who can mend it."""
        log.error("message undeliverable", error=error, way=owed.way)
        policy = self._policy()
        with self._database.transaction() as session:
            now = self._clock.now()
            outbox.give_up(session, owed, now, error)
            audit.record(
                session, Action.UNDELIVERED, at=now, conversation=owed.conversation, error=error
            )
            if owed.way is not Way.POST or owed.target == policy.operators:
                return
            notice = Undelivered(
                conversation=owed.target or owed.conversation, error=error, what=owed.notice.kind
            )
            notify_operators(session, notice, policy, at=now)
            if isinstance(owed.notice, RequestCard):
                requester = owed.notice.request.requester
                notify_person(session, notice, requester, at=now)


def respond(client: SlackClient, response_url: str, message: Message) -> bool:
    """Answer one person at an interaction's own address; False once it takes no more answers.

    Raises:
        TryLater: Slack cannot be reached, or asks for patience.
    """
    webhook = WebhookClient(response_url, timeout=DELIVERY_SECONDS, retry_handlers=[])
    try:
        with client.telling("response_url") as exchange:
            answer = webhook.send(
                text=message.text,
                blocks=message.blocks,
                response_type="ephemeral",
                replace_original=False,
            )
            status = answer.status_code
            exchange.outcome = "ok" if status == HTTPStatus.OK else f"status {status}"
    except (SlackClientError, OSError, HTTPException) as error:
        raise TryLater(type(error).__name__) from error
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise TryLater(f"status {status}")
    return status == HTTPStatus.OK


def retry_after(error: SlackApiError) -> float | None:
    """Return for how many seconds Slack asks for patience, if it does; an hour at the most."""
    headers = {key.lower(): value for key, value in error.response.headers.items()}
    value = headers.get("retry-after")
    if isinstance(value, list):
        value = value[0] if value else None
    try:
        seconds = float(value) if value is not None else None
    except ValueError:
        return None
    if seconds is None or not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), _LONGEST_PATIENCE_SECONDS)
