"""The outbox: Slack messages and replies as jobs, and where those that were posted stand in Slack.

A message is added in the transaction that makes it true, and delivered at least once.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from pydantic import TypeAdapter
from sqlmodel import Session, select

from bot.domain.lifecycle import RequestState
from bot.domain.notices import NOTICE, Adopted, Asked, EmergencyAsked, Notice
from bot.domain.reply_to import ReplyTo
from bot.store import jobs
from bot.store.jobs import Job, Kind
from bot.store.tables import JobRow, PostRow

_REPLY_PATIENCE = timedelta(hours=1)  # then nobody waits for it any more


class DeliveryMethod(StrEnum):
    """How a message reaches people."""

    POST = "post"  # a new message in a channel, found again by its post name
    UPDATE = "update"  # changes the message of that post name
    THREAD = "thread"  # a reply below another message
    DIRECT = "direct"  # a direct message
    KEEP = "keep"  # changes the message of that post name, or posts it
    REPLACE = "replace"  # posts it anew, for people to notice; the one before is outdated


class PostName(StrEnum):
    """What the messages that are found again are called: one of these, and a number."""

    CARD = "request"  # on which a request is decided
    ANSWER = "answer"  # the direct message that it was sent, if it is one
    IN_THREAD = "thread"  # below it, what became of the grant
    TO_HOLDER = "holder"  # the same, as a direct message
    TO_OPERATORS = "operators"  # the same, where nobody knows whose grant it is

    def of(self, number: int) -> str:
        """Return the post name for a request, or for the grant of that number."""
        return f"{self}:{number}"


@dataclass(frozen=True)
class Post:
    """Where a message of ours stands in Slack."""

    channel: str
    ts: str


@dataclass(frozen=True)
class PendingMessage:
    """A message to deliver.

    `target` is the channel or user, and `below` the post name of the message to reply to: one of
    both where something is posted. `stands`: which message to update, if it has no name any more.
    """

    id: int
    method: DeliveryMethod
    conversation: str
    target: str | None
    post: str | None
    below: str | None
    stands: Post | None
    notice: Notice


@dataclass(frozen=True)
class PendingReply:
    """A reply to deliver."""

    id: int
    to: ReplyTo
    notice: Notice


_POST: TypeAdapter[Post | None] = TypeAdapter(Post | None)
_CHANGE_A_POST = frozenset({DeliveryMethod.UPDATE, DeliveryMethod.KEEP, DeliveryMethod.REPLACE})


def enqueue(
    session: Session,
    notice: Notice,
    method: DeliveryMethod,
    conversation: str,
    *,
    at: datetime,
    target: str | None = None,
    post: str | None = None,
    below: str | None = None,
    stands: Post | None = None,
    once: str | None = None,
    patience: timedelta | None = None,
) -> None:
    """Enqueue a message. Those of one *conversation* are delivered in that order.

    Of several that are to change or replace one message, only the last is delivered. A message is
    enqueued *once* if it has a name for that. *patience* as in `jobs.add`.
    """
    is_post = method is DeliveryMethod.POST
    jobs.add(
        session,
        Kind.MESSAGE,
        {
            "method": method,
            "target": target,
            "post": post,
            "below": below,
            "stands": stands and asdict(stands),
            "notice": NOTICE.dump_python(notice, mode="json"),
        },
        ordering_key=conversation,
        at=at,
        coalescing_key=_update_of(post) if post and method in _CHANGE_A_POST else None,
        unique_key=_being_posted(post) if is_post and post else once,
        patience=patience,
    )


def enqueue_reply(
    session: Session, notice: Notice, to: ReplyTo, *, at: datetime, once: str | None = None
) -> None:
    """Enqueue the answer to what somebody did; it waits for no other message.

    Where they acted in a place that takes no answers, it is a direct message. It is enqueued *once*
    if it has a name for that.
    """
    if to.address is None:
        enqueue_direct_reply(session, notice, to, at=at, once=once)
        return
    jobs.add(
        session,
        Kind.REPLY,
        {
            "user_id": to.user_id,
            "in_place": to.in_place,
            "notice": NOTICE.dump_python(notice, mode="json"),
        },
        ordering_key=_key_of_its_own(),
        at=at,
        unique_key=once,
        reply_address=to.address,
    )


def enqueue_direct_reply(
    session: Session, notice: Notice, to: ReplyTo, *, at: datetime, once: str | None = None
) -> None:
    """Enqueue an answer as a direct message, which no other waits for."""
    enqueue(
        session,
        notice,
        DeliveryMethod.DIRECT,
        _key_of_its_own(),
        at=at,
        target=to.user_id,
        post=_answer_about(notice),
        once=once,
        patience=_REPLY_PATIENCE,
    )


def pending_message(job: Job) -> PendingMessage:
    """Return the message of a job.

    Raises:
        PermanentError: another version saved it.
    """
    written = job.payload
    with jobs.reading_payload():
        return PendingMessage(
            id=job.id,
            method=DeliveryMethod(written.get("method", "")),
            conversation=job.ordering_key,
            target=written.get("target"),
            post=written.get("post"),
            below=written.get("below"),
            stands=_POST.validate_python(written.get("stands")),
            notice=NOTICE.validate_python(written.get("notice")),
        )


def pending_reply(job: Job) -> PendingReply:
    """Return the reply of a job.

    Raises:
        PermanentError: another version saved it.
    """
    with jobs.reading_payload():
        notice = NOTICE.validate_python(job.payload.get("notice"))
    return PendingReply(job.id, jobs.reply_to_of(job), notice)


def record_post(session: Session, pending: PendingMessage, post: Post) -> Post | None:
    """Record where a message that was posted stands, if it has a name to be found by.

    Returns the message that had that name before.
    """
    if pending.post is None:
        return None
    former = find_post(session, pending.post)
    session.merge(PostRow(post=pending.post, channel=post.channel, ts=post.ts))
    return former


def find_post(session: Session, post: str) -> Post | None:
    """Return where the message of that name is in Slack, if it was delivered."""
    row = session.get(PostRow, post)
    return Post(row.channel, row.ts) if row else None


def is_being_posted(session: Session, post: str) -> bool:
    """Tell whether the message of that name is pending, or just being delivered."""
    query = select(JobRow.id).where(JobRow.unique_key == _being_posted(post), jobs.IS_WAITING)
    return session.exec(query).first() is not None


def is_replacement_waiting(session: Session, post: str) -> bool:
    """Tell whether a message waits that takes the place of the one of that name."""
    query = select(JobRow).where(JobRow.coalescing_key == _update_of(post), jobs.IS_WAITING)
    return any(row.payload.get("method") == DeliveryMethod.REPLACE for row in session.exec(query))


def _update_of(post: str) -> str:
    return f"update:{post}"


def _answer_about(notice: Notice) -> str | None:
    """Return the post name of an answer that says what waits, to be changed once it is over."""
    if isinstance(notice, Asked | Adopted | EmergencyAsked):
        request = notice.request
        is_open = request.state is RequestState.PENDING
        return PostName.ANSWER.of(request.id) if is_open else None
    return None


def _being_posted(post: str) -> str:
    return f"post:{post}"


def _key_of_its_own() -> str:
    return f"reply:{uuid4().hex}"
