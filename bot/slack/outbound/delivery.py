"""Delivery of messages: at least once, in order per conversation, and never twice at a time."""

from collections.abc import Callable
from contextlib import suppress

from sqlmodel import Session
from structlog.contextvars import bind_contextvars

from bot.access.notifications import notify_each, notify_operators, notify_person, outdate
from bot.clock import Clock
from bot.domain.audit_actions import Action
from bot.domain.notices import Outdated, RequestCard, Undelivered
from bot.domain.policy import Policy
from bot.domain.principals import groups_in, users_in
from bot.log_context import subject_of
from bot.retry import Backoff, HopelessError, PermanentError, UnknownError
from bot.slack.messages import Message, render
from bot.slack.outbound.calls import MessageCalls
from bot.slack.users.directory import Directory
from bot.slack.users.unavailable import DirectoryUnavailable
from bot.store import audit, jobs, outbox
from bot.store.database import Database
from bot.store.jobs import Job
from bot.store.outbox import DeliveryMethod, PendingMessage, Post

_NO_POST = "the message above it was not delivered"
_LEFT = frozenset({"user_disabled", "user_not_found"})  # offboarding sees to those
_CANNOT_BE_CHANGED = frozenset({"cant_update_message", "edit_window_closed", "message_not_found"})


class Delivery:
    """Delivers the messages of the outbox. Safe to call from several threads."""

    backoff = Backoff(1.0, 60.0, longest_asked_seconds=jobs.LONGEST_WAIT_SECONDS)

    def __init__(
        self,
        database: Database,
        calls: MessageCalls,
        directory: Directory,
        policy: Callable[[], Policy],
        clock: Clock,
    ) -> None:
        self._database = database
        self._calls = calls
        self._directory = directory
        self._policy = policy
        self._clock = clock

    def handle(self, job: Job) -> Callable[[Session], None]:
        """Send one message; return what notes where it stands.

        Raises: as `MessageCalls`.
        """
        pending = outbox.pending_message(job)
        bind_contextvars(**subject_of(pending.notice))
        try:
            post = self._send(pending)
        except (PermanentError, UnknownError):
            self._find_out_whom_to_tell(pending)
            raise
        return lambda session: self._record(session, pending, post)

    def give_up(self, session: Session, job: Job, error: str) -> None:
        """Record that a message cannot be delivered, and tell those who can fix it.

        By another way than the one that failed: the operators' channel, else the approvers.
        """
        now, policy = self._clock.now(), self._policy()
        audit.record(
            session, Action.UNDELIVERED, at=now, conversation=job.ordering_key, error=error
        )
        with suppress(PermanentError):
            pending = outbox.pending_message(job)
            place = self._place(session, pending)
            notice = Undelivered(conversation=place, error=error, what=pending.notice.kind)
            once = f"undelivered:{place}:{error}:{now:%F}"
            is_about_itself = isinstance(pending.notice, Undelivered)
            if error == _NO_POST or (is_about_itself and place != policy.operators):
                return  # they have been told why, or there is nobody left to tell
            if isinstance(pending.notice, Outdated):
                return  # a newer message has told what there is to tell
            if place == policy.operators:
                notify_each(session, notice, self._approvers(policy), at=now, once=once)
            elif not (users_in([place]) and error in _LEFT):
                notify_operators(session, notice, policy, at=now, once=once)
            if isinstance(pending.notice, RequestCard) and pending.method is DeliveryMethod.POST:
                request = pending.notice.request
                told = notice.model_copy(update={"request": request.id})
                notify_person(session, told, request.requester, at=now)

    def _send(self, pending: PendingMessage) -> Post | None:
        message = render(pending.notice)
        match pending.method:
            case DeliveryMethod.UPDATE if pending.stands is None:
                self._calls.update(pending.id, message, self._find_post(pending.post))
                return None
            case DeliveryMethod.UPDATE:
                self._is_changed(pending, message)  # what is gone needs no change
                return None
            case DeliveryMethod.KEEP if self._is_changed(pending, message):
                return None
            case _:
                return self._post(pending, message)

    def _post(self, pending: PendingMessage, message: Message) -> Post:
        if pending.below is None:
            return self._calls.post(pending.id, message, channel=pending.target or "")
        at = self._find_post(pending.below)
        return self._calls.post(pending.id, message, channel=at.channel, thread_ts=at.ts)

    def _is_changed(self, pending: PendingMessage, message: Message) -> bool:
        """Change a message; False if there is none that can be changed."""
        try:
            at = pending.stands or self._find_post(pending.post)
            self._calls.update(pending.id, message, at)
        except PermanentError as error:
            if str(error) in _CANNOT_BE_CHANGED | {_NO_POST}:
                return False
            raise
        return True

    def _find_post(self, name: str | None) -> Post:
        with self._database.reading() as session:
            post = outbox.find_post(session, name or "")
        if post is None:
            raise HopelessError(_NO_POST)
        return post

    def _record(self, session: Session, pending: PendingMessage, post: Post | None) -> None:
        """Note where a message stands; what it takes the place of is outdated."""
        former = outbox.record_post(session, pending, post) if post is not None else None
        if former not in (None, post):
            outdate(session, pending, former, at=self._clock.now())

    def _find_out_whom_to_tell(self, pending: PendingMessage) -> None:
        """Have the directory know who is in which group, outside of any transaction."""
        groups = groups_in(_approvers_of(self._policy()))
        if groups and pending.target == self._policy().operators:
            with suppress(DirectoryUnavailable):
                self._directory.members(groups)

    def _approvers(self, policy: Policy) -> frozenset[str]:
        """Return the approvers of all clusters, as far as it is known who they are."""
        approvers = _approvers_of(policy)
        return users_in(approvers) | self._directory.last_members(groups_in(approvers))

    @staticmethod
    def _place(session: Session, pending: PendingMessage) -> str:
        """Return the channel or person that a message is for."""
        if pending.target is not None:
            return pending.target
        post = outbox.find_post(session, pending.below or pending.post or "")
        return post.channel if post else pending.conversation


def _approvers_of(policy: Policy) -> frozenset[str]:
    return frozenset().union(*(cluster.approvers for cluster in policy.clusters.values()))
