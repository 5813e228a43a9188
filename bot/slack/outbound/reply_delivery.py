"""Delivery of replies: where the person acted, else as a direct message."""

from collections.abc import Callable

from sqlmodel import Session
from structlog.contextvars import bind_contextvars

from bot.clock import Clock
from bot.domain.notices import Cancelled, Notice, Reply, Revoking
from bot.domain.refusals.requests import NoSuchRequest, NotToWithdraw, RequestRenumbered
from bot.log_context import subject_of
from bot.retry import Backoff
from bot.slack.messages import render
from bot.slack.outbound.replies import Replies
from bot.store import jobs, outbox
from bot.store.jobs import Job


class ReplyDelivery:
    """Delivers replies; none waits for another. Safe to call from several threads.

    It does not need the app's token, so people are answered while Slack refuses that.
    """

    backoff = Backoff(1.0, 10.0, longest_asked_seconds=10.0)

    def __init__(self, replies: Replies, clock: Clock) -> None:
        self._replies = replies
        self._clock = clock

    def handle(self, job: Job) -> Callable[[Session], object]:
        """Send one reply; where its address takes none, return what makes it a direct message.

        Raises:
            PermanentError: another version saved it.
        """
        pending = outbox.pending_reply(job)
        bind_contextvars(**subject_of(pending.notice))
        address = pending.to.address
        in_place = pending.to.in_place and _says_all(pending.notice)
        message = render(pending.notice)
        if address is not None and self._replies.respond(address, message, in_place=in_place):
            return jobs.nothing_more
        now = self._clock.now()
        return lambda session: outbox.enqueue_direct_reply(
            session, pending.notice, pending.to, at=now
        )

    def give_up(self, session: Session, job: Job, error: str) -> None:
        """Tell nobody: who waited for the answer has asked again, or forgotten about it."""


def _says_all(notice: Notice) -> bool:
    """Tell whether an answer makes the message needless in which that was pressed."""
    if isinstance(notice, Reply):
        return isinstance(notice.refusal, NotToWithdraw | NoSuchRequest | RequestRenumbered)
    return isinstance(notice, Cancelled | Revoking)
