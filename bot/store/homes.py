"""Homes: whose Home tab has to be refreshed, because something on it has changed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Update, bindparam, case, delete, func, null, update
from sqlmodel import Session, col, select

from bot.store.database import UtcDateTime, before_commit, insert_into
from bot.store.due import Next, is_due, is_free
from bot.store.tables import HomeRow

CLAIM_SECONDS = 25
LONGEST_WAIT_SECONDS = 600
_LOOKED_AT = timedelta(hours=24)  # somebody who opened it longer ago is not looking any more
_CHANGES = "homes"


@dataclass(frozen=True)
class Home:
    """A claimed Home tab. `due_since`: when the oldest change happened that is not shown yet."""

    user_id: str
    team_id: str
    changes: int
    due_since: datetime


@dataclass(frozen=True)
class _Change:
    user_id: str
    cluster: str | None
    at: datetime


def opened(session: Session, user_id: str, team_id: str, at: datetime) -> None:
    """Note that somebody looks at theirs, and have it drawn."""
    look = {"team_id": team_id, "opened_at": at, "due_at": at}
    session.execute(
        insert_into(session, HomeRow)
        .values(user_id=user_id, approves=[], changes=0, **look)
        .on_conflict_do_update(
            index_elements=["user_id"], set_={**look, "changes": HomeRow.changes + 1}
        )
    )


def touch(session: Session, user_id: str, *, cluster: str | None, at: datetime) -> None:
    """Mark the Home tabs of a person and of the approvers of *cluster* for a refresh.

    That is written when the transaction commits: for all its changes at once, and after every other
    lock was taken, so that no two transactions wait for each other here.
    """
    changes: list[_Change] = session.info.setdefault(_CHANGES, [])
    if not changes:
        before_commit(session, _mark_due)
    changes.append(_Change(user_id, cluster, at))


def claim(session: Session, now: datetime, *, until: datetime, most: int) -> list[Home]:
    """Return Home tabs to draw now, those that have waited longest first, claimed *until* then."""
    longest_wait = (until - now) * (LONGEST_WAIT_SECONDS / CLAIM_SECONDS)
    query = (
        select(HomeRow)
        .where(
            is_due(HomeRow.due_at, now, within=longest_wait),
            is_free(HomeRow.claimed_until, now, within=longest_wait),
        )
        .order_by(col(HomeRow.due_at))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    claimed = []
    for row in session.exec(query):
        row.claimed_until = until
        session.add(row)
        claimed.append(Home(row.user_id, row.team_id, row.changes, row.due_at or now))
    return claimed


def approves(session: Session, home: Home, clusters: Collection[str]) -> None:
    """Record the *clusters* for which a Home is about to show what waits for an approver."""
    session.execute(_change(home).values(approves=sorted(clusters)))


def published(session: Session, home: Home, at: datetime) -> None:
    """Record that a Home is up to date, except for what changed since it was claimed."""
    is_up_to_date = col(HomeRow.changes) == home.changes
    due_at = case((is_up_to_date, null()), else_=bindparam("at", at, type_=UtcDateTime()))
    session.execute(_change(home).values(due_at=due_at, claimed_until=None))


def reschedule(session: Session, home: Home, until: datetime) -> None:
    """Try again later; it stays due since it was."""
    session.execute(_change(home).values(claimed_until=until))


def dead_letter(session: Session, home: Home) -> None:
    """Leave a Home as it is until it is opened again, or something else changes."""
    session.execute(_change(home).values(due_at=None, claimed_until=None))


def forget(session: Session, user_id: str) -> None:
    """Forget the Home of somebody who is no longer there."""
    session.execute(delete(HomeRow).where(col(HomeRow.user_id) == user_id))


def next_due() -> Next:
    """Return the question when the next Home is to be drawn."""
    at = func.coalesce(HomeRow.claimed_until, HomeRow.due_at, type_=UtcDateTime())
    query = select(at).where(col(HomeRow.due_at).is_not(None))
    return query.order_by(at).limit(1)


def release_claims(session: Session) -> None:
    """Release the claims of a worker that is gone; only the sole worker may do so."""
    for row in session.exec(select(HomeRow).where(col(HomeRow.claimed_until).is_not(None))):
        row.claimed_until = None
        session.add(row)


def _change(home: Home) -> Update:
    """Return an update of one row, which changes nothing if that was deleted meanwhile."""
    return update(HomeRow).where(col(HomeRow.user_id) == home.user_id)


def _mark_due(session: Session) -> None:
    """Save what was touched in a transaction, in the order of the people's IDs."""
    changes: list[_Change] = session.info.pop(_CHANGES)
    people = {change.user_id for change in changes}
    clusters = {change.cluster for change in changes}
    at = changes[-1].at
    looked_at = select(HomeRow.user_id, HomeRow.approves).where(HomeRow.opened_at > at - _LOOKED_AT)
    concerned = [
        user_id
        for user_id, approved in session.exec(looked_at)
        if user_id in people or clusters.intersection(approved)
    ]
    if not concerned:
        return
    query = select(HomeRow).where(col(HomeRow.user_id).in_(concerned))
    for row in session.exec(query.order_by(col(HomeRow.user_id)).with_for_update()):
        row.changes += 1
        row.due_at = row.due_at or at
        session.add(row)
