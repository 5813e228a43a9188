"""Delivery of the outbox: at least once, in order per conversation, and never twice at a time."""

from collections.abc import Callable
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from structlog.contextvars import bind_contextvars

from bot.access.notifications import notify_operators, notify_person
from bot.clock import Clock
from bot.domain.audit_actions import Action
from bot.domain.notices import RequestCard, Undelivered
from bot.domain.policy import Policy
from bot.log_context import subject_of
from bot.retry import Backoff, PermanentError, TemporaryError
from bot.slack.client import NO_ANSWER, SlackClient, code_of
from bot.slack.errors import retry_after
from bot.slack.messages import Message, render
from bot.slack.outbound.pace import Pace
from bot.slack.outbound.replies import Replies
from bot.store import audit, outbox
from bot.store.database import DATABASE_UNAVAILABLE, Database
from bot.store.outbox import DeliveryMethod, PendingMessage, Post

_BACKOFF = Backoff(1.0, 60.0, longest_asked_seconds=outbox.LONGEST_WAIT_SECONDS)
_ATTEMPTS = 5
_PERMANENT = frozenset(
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


class Delivery:
    """Delivers the messages of the outbox. Safe to call from several threads."""

    def __init__(
        self,
        database: Database,
        client: SlackClient,
        replies: Replies,
        policy: Callable[[], Policy],
        clock: Clock,
    ) -> None:
        self._database = database
        self._client = client
        self._replies = replies
        self._policy = policy
        self._clock = clock
        self._pace = Pace(clock)

    def claim(self, *, most: int) -> list[PendingMessage]:
        """Return messages that this process now has to deliver, one per conversation at most."""
        with self._database.transaction() as session:
            until = self._clock.in_seconds(outbox.CLAIM_SECONDS)
            return outbox.claim(session, self._clock.now(), until=until, most=most)

    def handle(self, pending: PendingMessage) -> None:
        """Send one message and note what became of it; nothing is raised for Slack's faults."""
        bind_contextvars(outbox=pending.id, **subject_of(pending.notice))
        try:
            if self._is_superseded(pending):
                return
            post = self._send(pending)
        except PermanentError as error:
            self._dead_letter(pending, str(error))
        except TemporaryError as error:
            self._reschedule(pending, error)
        except DATABASE_UNAVAILABLE:
            raise  # the database is away: the message is still pending when it is back
        except Exception as error:  # a fault of ours must not hold up the conversation for ever
            log.exception("message failed")
            if pending.attempts < _ATTEMPTS:
                self._reschedule(pending, TemporaryError(type(error).__name__))
            else:
                self._dead_letter(pending, type(error).__name__)
        else:
            with self._database.transaction() as session:
                outbox.delivered(session, pending, self._clock.now(), post)

    def _is_superseded(self, pending: PendingMessage) -> bool:
        """Leave out an update that a later one makes needless."""
        if pending.method is not DeliveryMethod.UPDATE:
            return False
        with self._database.transaction() as session:
            return outbox.supersede(session, pending, self._clock.now())

    def _send(self, pending: PendingMessage) -> Post | None:
        message = render(pending.notice)
        match pending.method:
            case DeliveryMethod.POST | DeliveryMethod.DIRECT:
                self._keep_pace(pending, pending.target or "")
                return self._post(message, channel=pending.target)
            case DeliveryMethod.THREAD:
                at = self._find_post(pending)
                self._keep_pace(pending, at.channel)
                return self._post(message, channel=at.channel, thread_ts=at.ts)
            case DeliveryMethod.UPDATE:
                at = self._find_post(pending)
                self._keep_pace(pending, at.channel)
                self._call("chat.update", message, channel=at.channel, ts=at.ts)
                return None
            case DeliveryMethod.REPLY:
                return self._reply(pending, message)

    def _keep_pace(self, pending: PendingMessage, channel: str) -> None:
        wait_seconds = self._pace.wait_seconds(pending.id, channel)
        if wait_seconds > 0:
            raise TemporaryError("in its turn", wait_seconds)

    def _post(self, message: Message, **where: str | None) -> Post:
        answer = self._call("chat.postMessage", message, unfurl_links=False, **where)
        try:
            return Post(answer["channel"], answer["ts"])
        except KeyError as error:
            raise TemporaryError("chat.postMessage named no message") from error

    def _reply(self, pending: PendingMessage, message: Message) -> Post | None:
        """Answer where the person acted; by direct message where that address takes no answers."""
        if pending.reply_address and self._replies.respond(pending.reply_address, message):
            return None
        return self._post(message, channel=pending.target)

    def _find_post(self, pending: PendingMessage) -> Post:
        with self._database.reading() as session:
            post = outbox.find_post(session, pending.post or "")
        if post is None:
            raise PermanentError("there is no message to reply to")
        return post

    def _call(self, method: str, message: Message, **params: Any) -> dict[str, Any]:
        body = {"text": message.text, "blocks": message.blocks, **params}
        try:
            answer = self._client.api_call(method, json=body)
        except SlackApiError as error:
            code = code_of(error)
            if code in _PERMANENT:
                raise PermanentError(code) from error
            seconds = retry_after(error)
            if seconds is not None:
                self._pace.hold(str(params.get("channel")), seconds)
            raise TemporaryError(code, seconds) from error
        except NO_ANSWER as error:
            raise TemporaryError(type(error).__name__) from error
        return dict(answer.data) if isinstance(answer.data, dict) else {}

    def _reschedule(self, pending: PendingMessage, error: TemporaryError) -> None:
        wait_seconds = _BACKOFF.seconds(pending.attempts, asked=error.retry_after)
        log.warning("message rescheduled", error=str(error), method=pending.method)
        with self._database.transaction() as session:
            until = self._clock.in_seconds(wait_seconds)
            outbox.reschedule(session, pending, until, str(error))

    def _dead_letter(self, pending: PendingMessage, error: str) -> None:
        """Give a message up that cannot be delivered, and tell those who can fix it."""
        log.error("message undeliverable", error=error, method=pending.method)
        policy = self._policy()
        with self._database.transaction() as session:
            now = self._clock.now()
            outbox.dead_letter(session, pending, now, error)
            audit.record(
                session, Action.UNDELIVERED, at=now, conversation=pending.conversation, error=error
            )
            if pending.method is not DeliveryMethod.POST or pending.target == policy.operators:
                return
            notice = Undelivered(
                conversation=pending.target or pending.conversation,
                error=error,
                what=pending.notice.kind,
            )
            notify_operators(session, notice, policy, at=now)
            if isinstance(pending.notice, RequestCard):
                requester = pending.notice.request.requester
                notify_person(session, notice, requester, at=now)
