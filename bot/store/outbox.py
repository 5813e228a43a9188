"""The outbox: Slack messages that are pending, and where delivered ones are in Slack."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog
from pydantic import ValidationError
from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.domain.notices import NOTICE, Notice
from bot.store.due import Next, is_due, is_free
from bot.store.tables import OutboxRow, PostRow

CLAIM_SECONDS = 25  # longer than any call takes; after a crash, the wait is that long
SUPERSEDED = "superseded"  # recorded for an update that a later one replaced
LONGEST_WAIT_SECONDS = 600  # no message waits for longer, whatever the reason
UNREADABLE = "unreadable"  # what is noted of a message that another version saved

log = structlog.get_logger()


class DeliveryMethod(StrEnum):
    """How a message reaches people."""

    POST = "post"  # a new message in a channel, found again by its post name
    UPDATE = "update"  # changes the message of that post name
    THREAD = "thread"  # a reply below it
    DIRECT = "direct"  # a direct message
    REPLY = "reply"  # seen by one person only, where they acted


@dataclass(frozen=True)
class PendingMessage:
    """A claimed message; `target` is the channel or user, if the method needs one."""

    id: int
    method: DeliveryMethod
    conversation: str
    target: str | None
    post: str | None
    reply_address: str | None
    notice: Notice
    created_at: datetime
    attempts: int


@dataclass(frozen=True)
class Post:
    """Where a message of ours stands in Slack."""

    channel: str
    ts: str


def enqueue(
    session: Session,
    notice: Notice,
    method: DeliveryMethod,
    conversation: str,
    *,
    at: datetime,
    target: str | None = None,
    post: str | None = None,
    reply_address: str | None = None,
) -> None:
    """Enqueue a message. Those of one *conversation* are delivered in that order."""
    session.add(
        OutboxRow(
            conversation=conversation,
            way=method,
            target=target,
            post=post,
            response_url=reply_address,
            notice=NOTICE.dump_python(notice, mode="json"),
            created_at=at,
            due_at=at,
        )
    )


def claim(session: Session, now: datetime, *, until: datetime, most: int) -> list[PendingMessage]:
    """Return messages to deliver now, at most one per conversation, claimed *until* then.

    That is `CLAIM_SECONDS` from now, by a clock that may run faster than others. One that cannot be
    read is a dead letter: it must not hold up the others.
    """
    lease = until - now
    longest_wait = lease * (LONGEST_WAIT_SECONDS / CLAIM_SECONDS)
    heads = (
        select(func.min(OutboxRow.id))
        .where(col(OutboxRow.done_at).is_(None))
        .group_by(col(OutboxRow.conversation))
    )
    query = (
        select(OutboxRow)
        .where(
            col(OutboxRow.id).in_(heads),
            is_due(OutboxRow.due_at, now, within=longest_wait),
            is_free(OutboxRow.claimed_until, now, within=lease),
            col(OutboxRow.done_at).is_(None),
        )
        .order_by(col(OutboxRow.id))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    claimed = []
    for row in session.exec(query):
        row.claimed_until = until
        row.attempts += 1
        session.add(row)
        try:
            claimed.append(_pending(row))
        except ValidationError:  # it was saved by another version
            kind = row.notice.get("kind")
            log.error("message unreadable", message=row.id, kind=kind)  # noqa: TRY400  # no content
            row.done_at, row.delivered, row.last_error = now, False, UNREADABLE
    return claimed


def delivered(
    session: Session, pending: PendingMessage, at: datetime, post: Post | None = None
) -> None:
    """Note that a message arrived, and where it stands."""
    row = session.get_one(OutboxRow, pending.id)
    row.done_at, row.delivered, row.response_url = at, True, None
    session.add(row)
    if post is not None and pending.post is not None and pending.method is DeliveryMethod.POST:
        session.merge(PostRow(post=pending.post, channel=post.channel, ts=post.ts))


def reschedule(session: Session, pending: PendingMessage, until: datetime, error: str) -> None:
    """Note that a message was not delivered, and try again later."""
    row = session.get_one(OutboxRow, pending.id)
    row.due_at, row.claimed_until, row.last_error = until, None, error
    session.add(row)


def dead_letter(session: Session, pending: PendingMessage, at: datetime, error: str) -> None:
    """Note that Slack will never take this message."""
    row = session.get_one(OutboxRow, pending.id)
    row.done_at, row.delivered, row.last_error = at, False, error
    row.response_url = None
    session.add(row)


def supersede(session: Session, pending: PendingMessage, at: datetime) -> bool:
    """Close an update if a later one of the same message is pending; tell whether it was."""
    later = select(OutboxRow.id).where(
        OutboxRow.conversation == pending.conversation,
        col(OutboxRow.id) > pending.id,
        OutboxRow.way == DeliveryMethod.UPDATE,
        OutboxRow.post == pending.post,
        col(OutboxRow.done_at).is_(None),
    )
    if session.exec(later.limit(1)).first() is None:
        return False
    dead_letter(session, pending, at, SUPERSEDED)
    return True


def find_post(session: Session, post: str) -> Post | None:
    """Return where the message of that name is in Slack, if it was delivered."""
    row = session.get(PostRow, post)
    return Post(row.channel, row.ts) if row else None


def is_being_posted(session: Session, post: str) -> bool:
    """Tell whether the message of that name is pending, or just being delivered."""
    query = select(OutboxRow.id).where(
        OutboxRow.conversation == post,
        OutboxRow.way == DeliveryMethod.POST,
        OutboxRow.post == post,
        col(OutboxRow.done_at).is_(None),
    )
    return session.exec(query.limit(1)).first() is not None


def release_claims(session: Session) -> None:
    """Release the claims of a worker that is gone; only the sole worker may do so."""
    for row in session.exec(select(OutboxRow).where(col(OutboxRow.done_at).is_(None))):
        row.claimed_until = None
        session.add(row)


def next_due() -> Next:
    """Return the question when the next message is to be tried."""
    query = select(OutboxRow.due_at).where(
        col(OutboxRow.done_at).is_(None), col(OutboxRow.claimed_until).is_(None)
    )
    return query.order_by(col(OutboxRow.due_at)).limit(1)


def _pending(row: OutboxRow) -> PendingMessage:
    assert row.id is not None  # noqa: S101  # a row that was read has its number
    return PendingMessage(
        id=row.id,
        method=DeliveryMethod(row.way),
        conversation=row.conversation,
        target=row.target,
        post=row.post,
        reply_address=row.response_url,
        notice=NOTICE.validate_python(row.notice),
        created_at=row.created_at,
        attempts=row.attempts,
    )
