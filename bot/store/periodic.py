"""Periodic jobs: when each last ran, and whose turn it is if one run of all workers is enough."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, select

from bot.store.database import insert_into
from bot.store.due import is_due
from bot.store.tables import PeriodicJobRow, TurnRow


@dataclass(frozen=True)
class JobRun:
    """The last run of a periodic job, by any worker; `failing_since`: None if it succeeded.

    Attributes:
        every: the interval at which it should run.
        ran_at: when that run ended.
        failing_since: when the first of the failures in a row ended.
    """

    name: str
    every: timedelta
    ran_at: datetime
    failing_since: datetime | None = None


def record_runs(session: Session, runs: Iterable[JobRun], *, known: Collection[str]) -> None:
    """Save the last runs, and delete jobs that are not *known* any more."""
    rows = [
        {
            "name": run.name,
            "interval_seconds": run.every.total_seconds(),
            "ran_at": run.ran_at,
            "failing_since": run.failing_since,
        }
        for run in runs
    ]
    if rows:
        insert = insert_into(session, PeriodicJobRow).values(rows)
        news = {name: insert.excluded[name] for name in rows[0] if name != "name"}
        session.execute(insert.on_conflict_do_update(index_elements=["name"], set_=news))
    session.execute(delete(PeriodicJobRow).where(col(PeriodicJobRow.name).not_in(known)))


def last_runs(session: Session) -> list[JobRun]:
    """Return the last run of each periodic job, by name."""
    return [
        JobRun(row.name, timedelta(seconds=row.interval_seconds), row.ran_at, row.failing_since)
        for row in session.exec(select(PeriodicJobRow).order_by(col(PeriodicJobRow.name)))
    ]


def take_turn(session: Session, name: str, now: datetime, *, every: timedelta) -> bool:
    """Tell whether *name* is due, and if so set the next time; only one of several workers is told.

    The first time is *every* after the first call.
    """
    due_at = session.exec(select(TurnRow.due_at).where(TurnRow.name == name)).first()
    if due_at is None:
        session.execute(
            insert_into(session, TurnRow)
            .values(name=name, due_at=now + every)
            .on_conflict_do_nothing(index_elements=["name"])
        )
        return False
    if not (due_at <= now or due_at > now + every):
        return False
    query = select(TurnRow).where(TurnRow.name == name, is_due(TurnRow.due_at, now, within=every))
    row = session.exec(query.with_for_update(skip_locked=True)).first()
    if row is None:
        return False
    row.due_at = now + every
    session.add(row)
    return True
