"""What `/metrics` counts: COUNT and MIN over what is open, so that a long history costs nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column
from sqlmodel import Session, col, select

from bot.domain.lifecycle import RequestKind, RequestState
from bot.store import clusters, heartbeats, periodic, session_ends, stream
from bot.store.clusters import Watch
from bot.store.database import UtcDateTime
from bot.store.grants import NOT_ENDED, OVER_AT
from bot.store.jobs import IS_WAITING, Kind
from bot.store.periodic import JobRun
from bot.store.stream import Cursor, Lag
from bot.store.tables import GrantRow, JobRow, RequestRow
from bot.store.waiting import Waiting

# As literals: a planner that gets the state as a parameter may not use the index.
_PENDING: ColumnElement[bool] = col(RequestRow.state) == literal_column(f"'{RequestState.PENDING}'")


@dataclass(frozen=True)
class Snapshot:
    """The current state of the tables; mappings are by the cluster's alias."""

    watched: list[Watch]  # without those that are not in the policy and have no grant
    grants: dict[tuple[str, str], int]  # (cluster, state)
    overdue: dict[str, Waiting]
    pending: dict[str, Waiting]
    unreviewed: dict[str, Waiting]
    session_ends: dict[str, Waiting]  # those that have failed so far
    jobs: dict[Kind, Waiting]
    held: dict[str, Waiting]  # by the code with which the installation is refused
    beat_at: datetime | None
    workers: int
    runs: list[JobRun]
    stream: Cursor
    stream_lag: Lag

    @property
    def clusters(self) -> set[str]:
        """The aliases of all clusters that anything is known of."""
        named = {cluster for cluster, _ in self.grants} | {watch.alias for watch in self.watched}
        return named.union(self.overdue, self.pending, self.unreviewed, self.session_ends)


def snapshot(session: Session, now: datetime) -> Snapshot:
    """Count everything that is open."""
    by_state = select(GrantRow.cluster, GrantRow.state, func.count()).where(NOT_ENDED)
    by_state = by_state.group_by(col(GrantRow.cluster), col(GrantRow.state))
    cursor = stream.cursor(session)
    return Snapshot(
        watched=[watch for watch in clusters.all_of(session) if watch.due_at is not None],
        grants={(cluster, state): count for cluster, state, count in session.exec(by_state)},
        overdue=_overdue(session, now),
        pending=_by_cluster(
            session,
            RequestRow.cluster,
            col(RequestRow.created_at),
            _PENDING,
        ),
        unreviewed=_by_cluster(
            session,
            RequestRow.cluster,
            col(RequestRow.created_at),
            col(RequestRow.remind_at).is_not(None),  # what waits for a review has a reminder
            col(RequestRow.kind) == RequestKind.EMERGENCY,
        ),
        session_ends=session_ends.failing(session),
        jobs=jobs_waiting(session),
        held=jobs_held(session),
        beat_at=heartbeats.last(session, now),
        workers=heartbeats.alive(session, now),
        runs=periodic.last_runs(session),
        stream=cursor,
        stream_lag=stream.lag(session, cursor),
    )


def _overdue(session: Session, now: datetime) -> dict[str, Waiting]:
    """Count the grants whose rule should be gone: their time is up, or they were ended early."""
    return _by_cluster(session, GrantRow.cluster, OVER_AT, NOT_ENDED, now >= OVER_AT)


def _by_cluster(
    session: Session, cluster: Any, since: Any, *which: ColumnElement[bool]
) -> dict[str, Waiting]:
    oldest = func.min(since, type_=UtcDateTime)
    # Not the bare column: for its order, SQLite would read all rows there ever were.
    group = col(cluster).concat(literal_column("''"))
    rows: Iterable[Any] = session.exec(
        select(group, func.count(), oldest).where(*which).group_by(group)
    )
    return {alias: Waiting(count, at) for alias, count, at in rows}


def jobs_waiting(session: Session) -> dict[Kind, Waiting]:
    """Count the jobs that are not finished, by their kind; all kinds are named."""
    query = select(JobRow.kind, func.count(), func.min(JobRow.created_at))
    found = session.exec(query.where(IS_WAITING).group_by(col(JobRow.kind)))
    waiting = {kind: Waiting(count, since) for kind, count, since in found}
    return {kind: waiting.get(kind, Waiting()) for kind in Kind}


def jobs_held(session: Session) -> dict[str, Waiting]:
    """Count the jobs with which the other side refused the whole installation, by its code."""
    query = select(JobRow.last_error, func.count(), func.min(JobRow.held_since))
    is_held = col(JobRow.held_since).is_not(None)
    found = session.exec(query.where(IS_WAITING, is_held).group_by(col(JobRow.last_error)))
    return {code: Waiting(count, since) for code, count, since in found}
