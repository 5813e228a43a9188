"""Periodic jobs: when each last ran, and whose turn it is if one run of all workers is enough."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, or_
from sqlmodel import Session, col, select

from bot.store.database import insert_into
from bot.store.due import LENIENCE, is_due
from bot.store.tables import PeriodicJobRow, TurnRow


@dataclass(frozen=True)
class JobRun:
    """The last run of a periodic job, by any worker; `failing_since`: None if it succeeded.

    Attributes:
        every: the interval at which it should run.
        ran_at: when that run ended; if nobody has ever run it, when the first worker started.
        failing_since: when the first of the failures in a row ended.
    """

    name: str
    every: timedelta
    ran_at: datetime
    failing_since: datetime | None = None


def record_runs(
    session: Session,
    runs: Iterable[JobRun],
    *,
    intervals: Mapping[str, timedelta],
    started_at: datetime,
    now: datetime,
) -> None:
    """Write down one worker's last runs, where no other worker ran a job later.

    Args:
        runs: of the jobs that have run.
        intervals: of all jobs by name; what is not among them is forgotten.
        started_at: when the worker started. A job that nobody has ever run is missed from then on.
    """
    last = {run.name: run for run in runs}
    rows = [
        {
            "name": run.name,
            "interval_seconds": run.every.total_seconds(),
            "ran_at": run.ran_at,
            "failing_since": run.failing_since,
        }
        for run in (
            last.get(name) or JobRun(name, intervals[name], started_at)
            for name in sorted(intervals)  # in one order, or two workers wait for each other
        )
    ]
    insert = insert_into(session, PeriodicJobRow).values(rows)
    written = col(PeriodicJobRow.ran_at)
    is_later = or_(
        insert.excluded.ran_at >= written,
        written > now + LENIENCE,  # by a clock that has been set back since
    )
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["name"],
            set_={name: insert.excluded[name] for name in rows[0] if name != "name"},
            where=and_(insert.excluded.name.in_(list(last)), is_later),
        )
    )
    session.execute(delete(PeriodicJobRow).where(col(PeriodicJobRow.name).not_in(intervals)))


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
