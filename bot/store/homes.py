"""Homes: who may be looking at their Home tab, and has it drawn anew when something changes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, select, update
from sqlmodel import Session, col

from bot.store import jobs
from bot.store.database import UtcDateTime, before_commit, insert_into, table_of
from bot.store.jobs import Job, Kind
from bot.store.tables import HomeRow

_LOOKED_AT = timedelta(hours=24)  # somebody who opened it longer ago is not looking any more
_CHANGES = "homes"


@dataclass(frozen=True)
class Home:
    """A Home tab to draw."""

    user_id: str
    team_id: str


@dataclass(frozen=True)
class _Change:
    user_id: str
    cluster: str | None
    at: datetime


def opened(session: Session, user_id: str, team_id: str, at: datetime) -> None:
    """Note that somebody looks at theirs, and have it drawn."""
    look = {"team_id": team_id, "opened_at": at}
    session.execute(
        insert_into(session, HomeRow)
        .values(user_id=user_id, approves=[], **look)
        .on_conflict_do_update(index_elements=["user_id"], set_=look)
    )
    _draw(session, Home(user_id, team_id), at)


def touch(session: Session, user_id: str, *, cluster: str | None, at: datetime) -> None:
    """Have the Home tabs of a person and of the approvers of *cluster* drawn anew.

    That is written when the transaction commits, for all its changes at once.
    """
    changes: list[_Change] = session.info.setdefault(_CHANGES, [])
    if not changes:
        before_commit(session, _draw_those_concerned)
    changes.append(_Change(user_id, cluster, at))


def home_of(job: Job) -> Home:
    """Return whose Home a job is to draw."""
    return Home(str(job.payload.get("user_id")), str(job.payload.get("team_id")))


def approves(session: Session, home: Home, clusters: Collection[str]) -> None:
    """Record the *clusters* for which a Home is about to show what waits for an approver."""
    row = update(HomeRow).where(col(HomeRow.user_id) == home.user_id)
    session.execute(row.values(approves=sorted(clusters)))


def forget(session: Session, user_id: str) -> None:
    """Forget the Home of somebody who is no longer there."""
    session.execute(delete(HomeRow).where(col(HomeRow.user_id) == user_id))


def _draw(session: Session, home: Home, at: datetime) -> None:
    """Add a job that draws a Home."""
    payload = {"user_id": home.user_id, "team_id": home.team_id}
    jobs.add_latest(session, Kind.HOME, home.user_id, payload, at=at)


@cache  # asked for each change: composing it took longer than its answer
def _opened_since() -> Select[Any]:
    home = table_of(HomeRow).c
    query = select(home.user_id, home.team_id, home.approves)
    query = query.where(home.opened_at > bindparam("since", type_=UtcDateTime()))
    return query.order_by(home.user_id)


def _draw_those_concerned(session: Session) -> None:
    changes: list[_Change] = session.info.pop(_CHANGES)
    people = {change.user_id for change in changes}
    clusters = {change.cluster for change in changes}
    at = changes[-1].at
    since = {"since": at - _LOOKED_AT}
    for user_id, team_id, approved in session.execute(_opened_since(), since):
        if user_id in people or clusters.intersection(approved):
            _draw(session, Home(user_id, team_id), at)
