"""Jobs as an operator sees them: what waits and why, what was given up, tried again or dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.store import audit, jobs
from bot.store.jobs import PATIENCE, Kind, Outcome
from bot.store.tables import JobRow

_MOST = 1000


@dataclass(frozen=True)
class ListedJob:
    """A job. `about`: its ordering key. `attempts`: so far; `error`: what the last one said."""

    id: int
    kind: str
    about: str
    created_at: datetime
    due_at: datetime
    attempts: int
    error: str
    is_held: bool
    is_in_progress: bool
    outcome: str


def waiting(session: Session, now: datetime) -> list[ListedJob]:
    """Return the jobs that are not finished, the oldest first; a thousand at the most."""
    query = select(JobRow).where(jobs.IS_WAITING)
    rows = session.exec(query.order_by(col(JobRow.id)).limit(_MOST))
    return [_listed(row, now) for row in rows]


def given_up(session: Session, now: datetime) -> list[ListedJob]:
    """Return the jobs that were given up, the newest first; a thousand at the most."""
    query = select(JobRow).where(JobRow.outcome == Outcome.FAILED)
    rows = session.exec(query.order_by(col(JobRow.id).desc()).limit(_MOST))
    return [_listed(row, now) for row in rows]


def retry(session: Session, job_id: int, now: datetime) -> int:
    """Have a job handled again now, with new patience; return how many that is.

    With a message that was given up come those behind it that were, too: those below one that was
    not posted, say. A command that was given up stays so: what somebody wanted then, they may not
    want now. 0: there is nothing of that number to try, or somebody is at it just now.
    """
    row = session.get(JobRow, job_id, with_for_update=True)
    if row is None or not _can_be_tried(session, row, now):
        return 0
    rows = [row]
    if row.finished_at is not None:
        behind = _given_up().where(JobRow.ordering_key == row.ordering_key, col(JobRow.id) > job_id)
        rows += [one for one in session.exec(behind) if not _is_outdated(session, one)]
    return _retry(session, rows, now)


def retry_all(session: Session, error: str, now: datetime) -> int:
    """Have all messages handled again that were given up with that error; return how many."""
    rows = session.exec(_given_up().where(JobRow.last_error == error)).all()
    return _retry(session, [row for row in rows if not _is_outdated(session, row)], now)


def drop(session: Session, job_id: int, now: datetime) -> bool:
    """Give a job up that waits, without telling anybody; False if there is none of that number."""
    row = session.get(JobRow, job_id, with_for_update=True)
    if row is None or row.finished_at is not None:
        return False
    _record(session, Action.JOB_DROPPED, row, now)
    jobs.finish(session, job_id, now, Outcome.DROPPED)
    return True


def _given_up() -> SelectOfScalar[JobRow]:
    query = select(JobRow).where(
        JobRow.outcome == Outcome.FAILED,
        JobRow.kind == Kind.MESSAGE,
    )
    return query.order_by(col(JobRow.id)).limit(_MOST).with_for_update()


def _can_be_tried(session: Session, row: JobRow, now: datetime) -> bool:
    if row.finished_at is None:
        return not _is_in_progress(row, now)
    is_given_up_message = row.outcome == Outcome.FAILED and row.kind == Kind.MESSAGE
    return is_given_up_message and not _is_outdated(session, row)


def _is_in_progress(row: JobRow, now: datetime) -> bool:
    return row.claimed_until is not None and row.claimed_until > now


def _is_outdated(session: Session, row: JobRow) -> bool:
    """Tell whether a later update of the same message was made: this one would undo it."""
    if row.coalescing_key is None:
        return False
    later = select(JobRow.id).where(
        JobRow.kind == row.kind,
        JobRow.ordering_key == row.ordering_key,
        JobRow.coalescing_key == row.coalescing_key,
        col(JobRow.id) > (row.id or 0),
    )
    return session.exec(later.limit(1)).first() is not None


def _retry(session: Session, rows: Sequence[JobRow], now: datetime) -> int:
    for row in rows:
        row.due_at, row.deadline = now, now + PATIENCE[Kind(row.kind)]
        row.attempts, row.unknown_failures, row.held_since = 0, 0, None
        row.finished_at, row.outcome, row.claimed_until = None, "", None
        session.add(row)
        _record(session, Action.JOB_RETRIED, row, now)
    return len(rows)


def _record(session: Session, action: Action, row: JobRow, now: datetime) -> None:
    audit.record(
        session,
        action,
        at=now,
        actor=Actor.OPERATOR,
        job=row.id,
        kind=row.kind,
        conversation=row.ordering_key,
    )


def _listed(row: JobRow, now: datetime) -> ListedJob:
    return ListedJob(
        id=row.id or 0,
        kind=row.kind,
        about=row.ordering_key,
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        error=row.last_error,
        is_held=row.held_since is not None,
        is_in_progress=_is_in_progress(row, now),
        outcome=row.outcome,
    )
