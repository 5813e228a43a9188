"""Over: requests that nothing goes on for any more."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.orm import aliased
from sqlmodel import col, or_, select

from bot.domain.lifecycle import GrantState, RequestState
from bot.store.tables import GrantRow, RequestRow


def is_over(before: datetime, now: datetime) -> ColumnElement[bool]:
    """Return whether a request was closed before a time, and nothing can come of it any more.

    Not so while its grant, or the one that it extends, is live, ended later than that, or could
    still be put back, nor for an emergency that waits for its review.
    """
    closed_at = func.coalesce(RequestRow.decided_at, RequestRow.created_at)
    return and_(
        col(RequestRow.state) != RequestState.PENDING,
        col(RequestRow.created_at) < before,  # follows from the next one, and has an index
        closed_at < before,
        col(RequestRow.remind_at).is_(None),
        ~_goes_on(RequestRow.id, before, now),
        ~_goes_on(RequestRow.extends, before, now),
    )


def is_needed() -> ColumnElement[bool]:
    """Return whether a grant that was put back rests on a request, and still has all its data."""
    later = aliased(RequestRow)
    return (
        select(later.id)
        .where(
            or_(later.puts_back == RequestRow.id, later.puts_back == RequestRow.extends),
            col(later.erased_at).is_(None),
        )
        .exists()
    )


def _goes_on(grant_id: Any, before: datetime, now: datetime) -> ColumnElement[bool]:
    return (
        select(GrantRow.id)
        .where(
            GrantRow.id == grant_id,
            or_(
                GrantRow.state != GrantState.ENDED,
                col(GrantRow.ended_at) >= before,
                col(GrantRow.expires_at) > now,
            ),
        )
        .exists()
    )
