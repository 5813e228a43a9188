"""Delivery of replies: where the person acted, else as a direct message."""

from collections.abc import Callable

from sqlmodel import Session
from structlog.contextvars import bind_contextvars

from bot.log_context import subject_of
from bot.retry import Backoff
from bot.slack.messages import render
from bot.slack.outbound.calls import MessageCalls
from bot.slack.outbound.replies import Replies
from bot.store import jobs, outbox
from bot.store.database import Database
from bot.store.jobs import Job


class ReplyDelivery:
    """Delivers replies; none waits for another. Safe to call from several threads."""

    backoff = Backoff(1.0, 60.0, longest_asked_seconds=jobs.LONGEST_WAIT_SECONDS)

    def __init__(self, database: Database, replies: Replies, calls: MessageCalls) -> None:
        self._database = database
        self._replies = replies
        self._calls = calls

    def handle(self, job: Job) -> Callable[[Session], object]:
        """Send one reply; once its address has failed, it is a direct message.

        Raises: as `MessageCalls`.
        """
        pending = outbox.pending_reply(job)
        bind_contextvars(**subject_of(pending.notice))
        message, address = render(pending.notice), pending.to.address
        if address is not None:
            if self._replies.respond(address, message):
                return jobs.nothing_more
            with self._database.transaction() as session:
                jobs.forget_reply_address(session, job)
        self._calls.post(pending.id, message, channel=pending.to.user_id)
        return jobs.nothing_more

    def give_up(self, session: Session, job: Job, error: str) -> None:
        """Tell nobody: who waited for the answer has asked again, or forgotten about it."""
