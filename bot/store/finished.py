"""Finished: rows that nobody needs any more, deleted a few at a time."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, delete, func
from sqlmodel import Session, SQLModel, col, select

from bot.store import idempotency, ip_links, jobs
from bot.store.outbox import PostName
from bot.store.over import is_over
from bot.store.tables import (
    ApiCallRow,
    HeartbeatRow,
    HomeRow,
    IdempotencyKeyRow,
    IpLinkRow,
    PostRow,
    RequestRow,
)


def delete_finished(session: Session, before: datetime, now: datetime, *, most: int) -> int:
    """Delete what was finished before a time, *most* of each kind; return how much.

    Jobs, posts of requests that are over, address links that have expired, heartbeats and calls of
    processes that are gone, and Home tabs that nobody has opened since. Reply addresses of links
    are erased as soon as these have expired, and answers to machines deleted after a day.
    """
    ip_links.erase_reply_addresses(session, now)
    finished = (
        (PostRow, PostRow.post, _is_of_what_is_over(before, now)),
        (IpLinkRow, IpLinkRow.id, col(IpLinkRow.expires_at) < before),
        (HeartbeatRow, HeartbeatRow.worker, col(HeartbeatRow.ticked_at) < before),
        (ApiCallRow, ApiCallRow.process, col(ApiCallRow.began_at) < before),
        (HomeRow, HomeRow.user_id, col(HomeRow.opened_at) < before),
        (
            IdempotencyKeyRow,
            IdempotencyKeyRow.id,
            col(IdempotencyKeyRow.created_at) < now - idempotency.KEPT,
        ),
    )
    deleted = jobs.delete_finished(session, before, most=most)
    return deleted + sum(_delete(session, *which, most=most) for which in finished)


def _is_of_what_is_over(before: datetime, now: datetime) -> ColumnElement[bool]:
    """Return whether a post is about a request that is over, or its grant; of old posts only.

    `ts`, by which Slack names a message, is when it was posted, in seconds since 1970.
    """
    post = col(PostRow.post)
    number = case(
        *(
            (
                and_(post.like(f"{name}:%"), post.not_like("%:%:%")),
                cast(func.substr(post, len(f"{name}:") + 1), BigInteger),
            )
            for name in PostName
        )
    )
    over = select(RequestRow.id).where(col(RequestRow.id) == number, is_over(before, now)).exists()
    return and_(col(PostRow.ts) < str(before.timestamp()), over)


def _delete(
    session: Session,
    table: type[SQLModel],
    key: Any,
    is_finished: ColumnElement[bool],
    *,
    most: int,
) -> int:
    """Delete rows; those that another transaction has locked are left out."""
    chosen = select(key).where(is_finished).limit(most).with_for_update(skip_locked=True)
    done = session.execute(
        delete(table).where(col(key).in_(chosen)).returning(col(key)),
        execution_options={"synchronize_session": False},
    )
    return len(done.all())
