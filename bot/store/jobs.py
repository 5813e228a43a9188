"""Jobs: what a transaction leaves to be done once it has committed, and what became of it.

Jobs of one *ordering key* are handled one after another, in the order in which they were added. Of
those with one *coalescing key* only the last is handled. A *unique key* is taken once and for all.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, delete, func, update
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.domain.reply_to import ReplyTo
from bot.retry import HopelessError
from bot.store.database import UtcDateTime, dialect_of, insert_on, table_of
from bot.store.due import Next, is_due_by, is_free, latest
from bot.store.tables import JobRow

LEASE_SECONDS = 25  # longer than any call takes; after a crash, the wait is that long
LONGEST_WAIT_SECONDS = 600  # no job waits for longer, whatever the reason


class Kind(StrEnum):
    """What is done; each kind is handled by threads of its own."""

    MESSAGE = "message"  # a Slack message for a channel, a thread or a person
    REPLY = "reply"  # the answer to what somebody did, sent to where they did it
    COMMAND = "command"  # a command that was acknowledged and is carried out later
    HOME = "home"  # a Home tab to draw
    ACCOUNT = "account"  # somebody who may have left the workspace
    SESSIONS = "sessions"  # sessions to end on a database server
    USAGE = "usage"  # a database server to ask who is connected
    DROPLETS = "droplets"  # the addresses to note of Droplets that have access


class Outcome(StrEnum):
    """What became of a job."""

    DONE = "done"
    REFUSED = "refused"  # a command that is not allowed or not possible
    SUPERSEDED = "superseded"  # a later one with the same coalescing key does
    FAILED = "failed"  # it was given up
    DROPPED = "dropped"  # by an operator


PATIENCE = {
    Kind.MESSAGE: timedelta(days=3),
    Kind.REPLY: timedelta(minutes=1),  # then it goes as a message
    Kind.COMMAND: timedelta(hours=1),  # those that act on behalf of somebody give up sooner
    Kind.HOME: timedelta(hours=1),  # it is only a view: the next opening draws it anyway
    Kind.ACCOUNT: timedelta(minutes=30),  # the next round comes
    Kind.SESSIONS: timedelta(days=365),  # the operators are told again and again
    Kind.USAGE: timedelta(minutes=1),  # the next round comes
    Kind.DROPLETS: timedelta(minutes=5),  # the next drift check comes
}
"""How long a job is tried again before it is given up."""

IS_WAITING: ColumnElement[bool] = col(JobRow.finished_at).is_(None)

_NEW = {"attempts": 0, "unknown_failures": 0, "last_error": "", "outcome": ""}
_AT_ONCE = 5_000  # superseded in one transaction, so that none is long
_NEXT_ROUND = frozenset({Kind.HOME, Kind.ACCOUNT, Kind.USAGE, Kind.DROPLETS})
_COALESCED = _NEXT_ROUND | {Kind.MESSAGE}
_LEAVE_NOTHING = _NEXT_ROUND  # nobody asks for their outcome


@dataclass(frozen=True)
class Job:
    """A job that this process has to handle.

    `attempts` counts this one, too; `unknown_failures` those in a row that failed for a reason that
    nobody knows.
    """

    id: int
    kind: Kind
    ordering_key: str
    payload: dict[str, Any]
    reply_address: str | None
    created_at: datetime
    deadline: datetime
    attempts: int
    unknown_failures: int
    is_held: bool
    last_error: str


def add(
    session: Session,
    kind: Kind,
    payload: dict[str, Any],
    *,
    ordering_key: str,
    at: datetime,
    due_at: datetime | None = None,
    coalescing_key: str | None = None,
    unique_key: str | None = None,
    reply_address: str | None = None,
    patience: timedelta | None = None,
) -> bool:
    """Add a job; False if its unique key was taken already.

    Args:
        session: of the transaction that makes it true.
        kind: what is to be done.
        payload: JSON that its handler understands.
        ordering_key: it waits for the earlier ones with that key, which are of the same kind.
        at: the aware UTC time of now.
        due_at: when to handle it; at once if it is not given, in ten minutes at the latest.
        coalescing_key: of those with the same ordering key, what a later one makes needless.
        unique_key: a name that no other job ever had.
        reply_address: where Slack takes an answer; erased as soon as the job is finished.
        patience: how long it is tried again, where that is not `PATIENCE` of its kind.
    """
    values: dict[str, Any] = {
        "kind": kind,
        "ordering_key": ordering_key,
        "coalescing_key": coalescing_key,
        "unique_key": unique_key,
        "payload": payload,
        "reply_address": reply_address,
        "created_at": at,
        "due_at": due_at or at,
        "deadline": (due_at or at) + (patience or PATIENCE[kind]),
        **_NEW,
    }
    return session.execute(_insert_once(dialect_of(session)), values).first() is not None


@cache  # sent with each change: composing it took longer than carrying it out
def _insert_once(dialect: str) -> ReturningInsert[tuple[int]]:
    insert = insert_on(dialect, JobRow).on_conflict_do_nothing(index_elements=["unique_key"])
    return insert.returning(table_of(JobRow).c.id)


def add_latest(
    session: Session,
    kind: Kind,
    about: str,
    payload: dict[str, Any],
    *,
    at: datetime,
    due_at: datetime | None = None,
) -> None:
    """Add a job that reads the state when it runs, so that it makes those before needless.

    Args:
        session: of the transaction that makes it true.
        kind: what is to be done.
        about: what it is done to; of each there is one job of a kind that counts.
        payload: as for `add`, like the times.
    """
    key = f"{kind}:{about}"
    add(session, kind, payload, ordering_key=key, coalescing_key=key, at=at, due_at=due_at)


def reply_to_of(job: Job) -> ReplyTo:
    """Return where the answer goes that a job is for, or is."""
    in_place = job.payload.get("in_place") is True
    return ReplyTo(str(job.payload.get("user_id")), job.reply_address, in_place)


@contextmanager
def reading_payload() -> Iterator[None]:
    """Read a job's payload in the block.

    Raises:
        HopelessError: another version saved it.
    """
    try:
        yield
    except ValueError as error:
        raise HopelessError("unreadable") from error


def claim(
    session: Session,
    kind: Kind,
    now: datetime,
    *,
    until: datetime,
    most: int,
    most_retried: int,
) -> list[Job]:
    """Return jobs to handle now, leased *until* then; one for each ordering key at the most.

    What has failed before comes first, but gets only a share, so that what is stuck never takes the
    last thread from what is not, whatever its age. Time that a job waits beyond what it was due,
    since the worker was away or others were at it, does not use up its patience.

    Args:
        session: of a transaction.
        kind: what is to be done.
        now: the aware UTC time.
        until: `LEASE_SECONDS` from now, by a clock that may run faster than others.
        most: how many.
        most_retried: how many of them may have failed before.
    """
    if kind in _COALESCED:
        _supersede(session, kind, now)
    retried = _heads(session, kind, now, until, tried=True, most=min(most, most_retried))
    fresh = _heads(session, kind, now, until, tried=False, most=most - len(retried))
    return [_leased(session, row, now, until) for row in (*retried, *fresh)]


def nothing_more(_session: Session) -> None:
    """Write nothing down with the end of a job but its end."""


def finish(
    session: Session, job_id: int, at: datetime, outcome: Outcome, *, error: str = ""
) -> None:
    """Record what became of a job; if that is known already, nothing changes."""
    row = session.get(JobRow, job_id)
    if row is not None and row.finished_at is None:
        _end(session, row, at, outcome, error)


def is_ours(session: Session, job_id: int, attempts: int) -> bool:
    """Lock a job; False if it was dropped, or another worker is at it since its lease ran out.

    Args:
        session: of the transaction that ends the job.
        job_id: its number.
        attempts: as it was claimed.
    """
    return _ours(session, job_id, attempts) is not None


def rewrite(session: Session, job: Job, payload: dict[str, Any]) -> bool:
    """Note how far a job has come; False, as `is_ours`, if it is not ours any more."""
    row = _ours(session, job.id, job.attempts)
    if row is None:
        return False
    row.payload = payload
    session.add(row)
    return True


def reschedule(
    session: Session,
    job: Job,
    until: datetime,
    *,
    error: str = "",
    has_failed: bool = True,
    is_unknown: bool = False,
    held_at: datetime | None = None,
) -> None:
    """Handle a job again later, unless another worker is at it since its lease ran out.

    Args:
        session: of a transaction.
        job: as it was claimed.
        until: when.
        error: what was wrong.
        has_failed: False where the job itself cannot help it: neither its attempts nor its
            patience are used up by that.
        is_unknown: whether it failed for a reason that nobody knows.
        held_at: the time of now, if the other side refuses the whole installation.
    """
    row = _ours(session, job.id, job.attempts)
    if row is None:
        return
    if not has_failed:
        row.attempts -= 1
        row.deadline += until - row.due_at
    else:
        row.unknown_failures = row.unknown_failures + 1 if is_unknown else 0
    row.due_at, row.claimed_until = until, None
    row.held_since = held_at and (row.held_since or held_at)
    row.last_error = error or row.last_error
    session.add(row)


def release_leases(session: Session) -> None:
    """Release the leases of a worker that is gone; only the sole worker may do so."""
    leased = (IS_WAITING, col(JobRow.claimed_until).is_not(None))
    session.execute(update(JobRow).where(*leased).values(claimed_until=None))


def delete_finished(session: Session, before: datetime, *, most: int) -> int:
    """Delete jobs that were finished before then, the oldest first; return how many.

    An operator may still want those that were given up, for as long.
    """
    old = (
        select(JobRow.id)
        .where(col(JobRow.finished_at) < before)
        .order_by(col(JobRow.finished_at))
        .limit(most)
    )
    return session.execute(delete(JobRow).where(col(JobRow.id).in_(old))).rowcount  # type: ignore[attr-defined,no-any-return]


def next_due(kind: Kind) -> Next:
    """Return the query for when the next job of that kind is to be handled.

    That is when its lease runs out, if it has one: its process may have been killed.
    """
    at = func.coalesce(JobRow.claimed_until, JobRow.due_at, type_=UtcDateTime())
    return select(at).where(col(JobRow.kind) == kind, IS_WAITING).order_by(at).limit(1)


def _supersede(session: Session, kind: Kind, now: datetime) -> None:
    """Finish what a later one with the same coalescing key makes needless; none is in progress.

    One that is in progress makes no earlier one needless: it may have read what it tells of before.
    """
    chosen = session.exec(_needless_query(kind)).all()
    if not chosen:
        return
    rows = col(JobRow.id).in_(chosen)
    if kind in _LEAVE_NOTHING:
        session.execute(delete(JobRow).where(rows))
    else:
        ended = {"finished_at": now, "outcome": Outcome.SUPERSEDED, "held_since": None}
        session.execute(update(JobRow).where(rows).values(**ended))


@cache  # as `_heads_query`
def _needless_query(kind: Kind) -> SelectOfScalar[int | None]:
    is_free_one = (
        col(JobRow.kind) == kind,
        IS_WAITING,
        col(JobRow.claimed_until).is_(None),
        col(JobRow.coalescing_key).is_not(None),
    )
    last = (
        select(func.max(JobRow.id))
        .where(*is_free_one)
        .group_by(col(JobRow.ordering_key), col(JobRow.coalescing_key))
    )
    needless = select(col(JobRow.id)).where(*is_free_one, col(JobRow.id).not_in(last))
    return needless.limit(_AT_ONCE).with_for_update(skip_locked=True)


def _heads(
    session: Session, kind: Kind, now: datetime, until: datetime, *, tried: bool, most: int
) -> Sequence[JobRow]:
    """Return and lock the first jobs of their ordering keys that are due, where none is leased."""
    if most <= 0:
        return ()
    lease = until - now
    times = {
        "now": now,
        "latest_lease": latest(now, lease),
        "latest_due": latest(now, lease * (LONGEST_WAIT_SECONDS / LEASE_SECONDS)),
    }
    return session.exec(_heads_query(kind, tried), params={**times, "most": most}).all()


@cache  # asked again and again: composing it took longer than its answer
def _heads_query(kind: Kind, tried: bool) -> SelectOfScalar[JobRow]:
    now = bindparam("now", type_=UtcDateTime())
    is_not_leased = is_free(
        JobRow.claimed_until, now, bindparam("latest_lease", type_=UtcDateTime())
    )
    first = (
        select(func.min(JobRow.id))
        .where(col(JobRow.kind) == kind, IS_WAITING)
        .group_by(col(JobRow.ordering_key))
        .having(func.max(case((~is_not_leased, 1), else_=0)) == 0)
    )
    query = select(JobRow).where(
        col(JobRow.id).in_(first),  # the rest, too, in case another worker was faster
        IS_WAITING,
        is_due_by(JobRow.due_at, now, bindparam("latest_due", type_=UtcDateTime())),
        is_not_leased,
        col(JobRow.attempts) > 0 if tried else col(JobRow.attempts) == 0,
    )
    query = query.order_by(col(JobRow.due_at), col(JobRow.id)).limit(bindparam("most"))
    return query.with_for_update(skip_locked=True)


def _ours(session: Session, job_id: int, attempts: int) -> JobRow | None:
    query = select(JobRow).where(JobRow.id == job_id).with_for_update()
    row = session.exec(query.execution_options(populate_existing=True)).first()
    is_ours = row is not None and row.finished_at is None and row.attempts == attempts
    return row if is_ours else None


def _leased(session: Session, row: JobRow, now: datetime, until: datetime) -> Job:
    row.deadline += max(now - row.due_at, timedelta())
    row.due_at, row.claimed_until = now, until
    row.attempts += 1
    session.add(row)
    assert row.id is not None  # noqa: S101  # a row that was read has its number
    return Job(
        id=row.id,
        kind=Kind(row.kind),
        ordering_key=row.ordering_key,
        payload=row.payload,
        reply_address=row.reply_address,
        created_at=row.created_at,
        deadline=row.deadline,
        attempts=row.attempts,
        unknown_failures=row.unknown_failures,
        is_held=row.held_since is not None,
        last_error=row.last_error,
    )


def _end(session: Session, row: JobRow, at: datetime, outcome: Outcome, error: str = "") -> None:
    if row.kind in _LEAVE_NOTHING:
        session.delete(row)
        return
    row.finished_at, row.outcome, row.claimed_until, row.held_since = at, outcome, None, None
    row.last_error = error or row.last_error
    row.reply_address = None
    session.add(row)
