"""When each cluster is to be reconciled, and how the last attempts went."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Select,
    Update,
    bindparam,
    case,
    func,
    literal_column,
    update,
)
from sqlalchemy import select as sql_select
from sqlmodel import Session, and_, col, or_, select

from bot.domain.lifecycle import GrantState, RequestKind, RequestState
from bot.domain.sources import SourceType, TrustedSource
from bot.store.database import UtcDateTime, dialect_of, in_batches, insert_on, rows_of, table_of
from bot.store.due import Next, is_due_by, latest
from bot.store.grants import MOVING, MOVING_SINCE, OVER_AT, WANTED_SINCE
from bot.store.tables import ClusterRow, GrantRow, RequestRow


@dataclass(frozen=True)
class Watch:
    """A cluster as the worker keeps it in mind."""

    id: str
    alias: str
    due_at: datetime | None = None
    changes: int = 0
    attempt_at: datetime | None = None
    read_at: datetime | None = None
    rule_count: int | None = None
    failures: int = 0
    failing_since: datetime | None = None
    last_error: str = ""
    written_at: datetime | None = None
    guarded: bool = False
    unfit: str = ""
    described: str = ""
    label_losses: int = 0
    removing: str = ""
    labels_told_at: datetime | None = None
    alarms: int = 0
    alarm_since: datetime | None = None
    alarm_at: datetime | None = None
    open_since: datetime | None = None
    open_alarms: int = 0
    open_alarm_at: datetime | None = None

    @property
    def removed_sources(self) -> set[TrustedSource]:
        """Those of rules of ours that may be gone, and that no grant accounts for."""
        lines = (line.partition(":") for line in self.removing.splitlines())
        return {TrustedSource(SourceType(kind), value) for kind, _, value in lines}

    @property
    def described_networks(self) -> set[TrustedSource]:
        """The addresses and networks whose rules had a description at the last read."""
        lines = self.described.splitlines()
        return {TrustedSource(SourceType.IP_ADDR, line) for line in lines if ":" not in line}


@dataclass(frozen=True)
class Due:
    """A cluster to reconcile now.

    `has_end`: a grant waits to end. `has_change`: one waits to start or to end. `failed`: the last
    attempt did.
    """

    id: str
    has_end: bool
    has_change: bool
    failed: bool


def watch(session: Session, clusters: Mapping[str, str], at: datetime) -> None:
    """Make *clusters* (id to alias) known, and each of them due now."""
    for cluster_id, alias in sorted(clusters.items()):
        row = _row(session, cluster_id, alias)
        row.alias, row.due_at = alias, at
        session.add(row)


def mark_due(session: Session, cluster_id: str, alias: str, at: datetime) -> None:
    """Have a cluster reconciled at *at* at the latest."""
    row = _row(session, cluster_id, alias)
    row.changes += 1
    if row.due_at is None or row.due_at > at:
        row.due_at = at
    session.add(row)


def due(
    session: Session, now: datetime, *, looks: timedelta, tries: timedelta, most: int
) -> list[Due]:
    """Return clusters to reconcile now, at most that many of each kind.

    First come those on which something has to end, then those on which something has to start, by
    how long it has waited; then mere drift checks, by how long they have been due. Within each
    kind, clusters that failed last time come last, ordered by the number of failures.

    Args:
        looks: the longest time between two drift checks.
        tries: the longest time from a failure to the next attempt.
        most: how many of each kind: with an end, a start or neither, failed last time or not.
    """
    times = {"now": now, "latest_look": latest(now, looks), "latest_try": latest(now, tries)}
    return [Due(*row) for row in session.execute(_due_query(), {**times, "most": most})]


@cache  # asked again and again: composing it took longer than its answer
def _due_query() -> Select[Any]:
    now = bindparam("now", type_=UtcDateTime())
    latest_look = bindparam("latest_look", type_=UtcDateTime())
    latest_try = bindparam("latest_try", type_=UtcDateTime())
    since = func.min(
        case(
            (col(GrantRow.state) == GrantState.APPLYING, WANTED_SINCE),
            else_=OVER_AT,
        )
    )
    ends: ColumnElement[int] = func.max(
        case((col(GrantRow.state) == GrantState.REMOVING, 1), else_=0)
    )
    changing = select(GrantRow.cluster_id, since.label("since"), ends.label("ends")).where(MOVING)
    waiting = changing.group_by(col(GrantRow.cluster_id)).subquery()
    has_end, has_change = func.coalesce(waiting.c.ends, 0) == 1, waiting.c.since.is_not(None)
    failed = col(ClusterRow.failures) > 0
    order = (col(ClusterRow.failures), waiting.c.since, col(ClusterRow.due_at))
    place = func.row_number().over(partition_by=(has_end, has_change, failed), order_by=order)
    found = (
        select(
            col(ClusterRow.id),
            has_end.label("has_end"),
            has_change.label("has_change"),
            failed.label("failed"),
        )
        .add_columns(place.label("place"))
        .outerjoin(waiting, waiting.c.cluster_id == ClusterRow.id)
        .where(
            or_(
                is_due_by(ClusterRow.due_at, now, latest_look),
                and_(failed, is_due_by(ClusterRow.due_at, now, latest_try)),
            )
        )
        .subquery()
    )
    return (
        select(found.c.id, found.c.has_end, found.c.has_change, found.c.failed)
        .where(found.c.place <= bindparam("most"))
        .order_by(found.c.has_end.desc(), found.c.has_change.desc(), found.c.failed, found.c.place)
    )


def get(session: Session, cluster_id: str) -> Watch | None:
    """Return what is known of a cluster."""
    row = rows_of(session, _get_query(), {"id": cluster_id}).first()
    return Watch(**row._mapping) if row else None


def get_with_adoptions(session: Session, cluster_id: str) -> tuple[Watch, bool] | None:
    """Return what is known of a cluster, and whether somebody wants to adopt a rule there."""
    row = rows_of(session, _get_with_adoptions_query(), {"id": cluster_id}).first()
    if row is None:
        return None
    known = dict(row._mapping)
    has_adoptions = bool(known.pop("has_adoptions"))
    return Watch(**known), has_adoptions


@cache  # as `_due_query`
def _get_query() -> Select[Any]:
    table = table_of(ClusterRow)
    return sql_select(table).where(table.c.id == bindparam("id"))


def get_some(session: Session, ids: Collection[str]) -> dict[str, Watch | None]:
    """Return what is known of each of these clusters."""
    table = table_of(ClusterRow)
    query = sql_select(table).where(table.c.id.in_(bindparam("ids", expanding=True)))
    found: dict[str, Watch | None] = dict.fromkeys(ids)
    for some in in_batches(ids):
        found |= {row.id: Watch(**row._mapping) for row in rows_of(session, query, {"ids": some})}
    return found


@cache  # as `_due_query`
def _get_with_adoptions_query() -> Select[Any]:
    adoption = select(RequestRow.id).where(
        RequestRow.state == literal_column(f"'{RequestState.PENDING}'"),
        RequestRow.kind == RequestKind.ADOPTION,
        RequestRow.cluster == table_of(ClusterRow).c.alias,
    )
    return _get_query().add_columns(adoption.exists().label("has_adoptions"))


def all_of(session: Session) -> list[Watch]:
    """Return every cluster ever watched."""
    return [_watch(row) for row in session.exec(select(ClusterRow).order_by(ClusterRow.alias))]


def troubled(session: Session) -> list[tuple[Watch, list[datetime]]]:
    """Return the clusters that fail or have work to do, and since when that has waited."""
    waiting: dict[str, list[datetime]] = {}
    query = select(GrantRow.cluster_id, MOVING_SINCE).where(MOVING)
    for cluster_id, since in session.exec(query):
        waiting.setdefault(cluster_id, []).append(since)
    rows = session.exec(
        select(ClusterRow)
        .where(or_(col(ClusterRow.failing_since).is_not(None), col(ClusterRow.id).in_(waiting)))
        .with_for_update(skip_locked=True)
    )
    return [(_watch(row), waiting.get(row.id, [])) for row in rows]


def next_due() -> Next:
    """Return the query for when the next cluster is to be reconciled."""
    query = select(ClusterRow.due_at).where(col(ClusterRow.due_at).is_not(None))
    return query.order_by(col(ClusterRow.due_at)).limit(1)


def next_open_alarm() -> Next:
    """Return the query for when the operators are told next of a cluster that has no rules."""
    at = func.coalesce(ClusterRow.open_alarm_at, ClusterRow.open_since, type_=UtcDateTime())
    return select(at).where(col(ClusterRow.open_since).is_not(None)).order_by(at).limit(1)


def failing_longest() -> Next:
    """Return the query since when the cluster has failed that has failed for the longest."""
    since = col(ClusterRow.failing_since)
    return select(ClusterRow.failing_since).where(since.is_not(None)).order_by(since).limit(1)


def note_attempt(session: Session, cluster_id: str, at: datetime | None) -> None:
    """Record that an attempt is about to write, until its outcome or failure is recorded."""
    session.execute(_note_attempt(), {"cluster": cluster_id, "at": at})


@cache  # as `_due_query`
def _note_attempt() -> Update:
    table = table_of(ClusterRow)
    is_it = table.c.id == bindparam("cluster")
    return update(table).where(is_it).values(attempt_at=bindparam("at"))


def note_success(
    session: Session,
    cluster_id: str,
    *,
    at: datetime,
    rule_count: int,
    written_at: datetime | None,
    guarded: bool,
    unfit: str,
    described: str,
    label_losses: int,
    next_at: datetime | None,
    changes: int,
) -> None:
    """Record that a cluster's rules are as they should be, and when to check again.

    *changes* is the count when the attempt began: if it has grown since, the cluster is due
    at once.
    """
    session.flush()  # what this transaction has noted of it besides
    noted = {
        "read_at": at,
        "rule_count": rule_count,
        "written_at": written_at,
        "guarded": guarded,
        "unfit": unfit,
        "described": described,
        "label_losses": label_losses,
    }
    counted = {"cluster": cluster_id, "counted": changes, "next_at": next_at, "at": at}
    session.execute(_note_success(tuple(noted)), {**noted, **counted, **_NO_FAILURE})


_NO_FAILURE: dict[str, Any] = {
    "attempt_at": None,
    "removing": "",
    "failures": 0,
    "failing_since": None,
    "last_error": "",
    "alarms": 0,
    "alarm_at": None,
    "alarm_since": None,
}


@cache  # as `_due_query`
def _note_success(noted: tuple[str, ...]) -> Update:
    table = table_of(ClusterRow)
    next_at, at = (bindparam(name, type_=UtcDateTime()) for name in ("next_at", "at"))
    is_unchanged = table.c.changes == bindparam("counted")
    due_at = case((is_unchanged, next_at), else_=at)
    values: dict[str, Any] = {name: bindparam(name) for name in (*noted, *_NO_FAILURE)}
    is_it = table.c.id == bindparam("cluster")
    return update(table).where(is_it).values(due_at=due_at, **values)


def forget(session: Session, cluster_id: str) -> None:
    """Stop checking a cluster: it is no longer in the policy, and has no grant.

    What its rules were is forgotten, addresses among it. `read_at` stays: until then, the rule of a
    grant that ended may come back.
    """
    row = session.get_one(ClusterRow, cluster_id)
    row.attempt_at = None
    row.rule_count, row.described, row.unfit, row.removing = None, "", "", ""
    row.due_at, row.failures, row.failing_since, row.last_error = None, 0, None, ""
    row.alarms, row.alarm_at, row.alarm_since = 0, None, None
    row.open_since, row.open_alarms, row.open_alarm_at = None, 0, None
    session.add(row)


def note_failure(
    session: Session, cluster_id: str, *, at: datetime, error: str, next_at: datetime
) -> None:
    """Note that an attempt failed, and when to try again."""
    row = session.get_one(ClusterRow, cluster_id)
    row.failures += 1
    row.attempt_at = None
    row.failing_since = row.failing_since or at
    row.last_error, row.due_at = error, next_at
    session.add(row)


def note_alarm(session: Session, cluster_id: str, *, since: datetime, next_at: datetime) -> None:
    """Record since when the operators know of a failure, and when to tell them again."""
    row = session.get_one(ClusterRow, cluster_id)
    row.alarms += 1
    row.alarm_at, row.alarm_since = next_at, row.alarm_since or since
    session.add(row)


def note_described(session: Session, cluster_id: str, described: str) -> None:
    """Record whose rules had a description when a cluster was first read."""
    row = session.get_one(ClusterRow, cluster_id)
    row.described = described
    session.add(row)


def note_removing(session: Session, cluster_id: str, sources: Collection[TrustedSource]) -> None:
    """Record whose rules are about to be removed that belong to no grant."""
    row = session.get_one(ClusterRow, cluster_id, with_for_update=True)
    lines = {*row.removing.splitlines(), *(f"{one.type}:{one.value}" for one in sources)}
    row.removing = "\n".join(sorted(lines))
    session.add(row)


def note_labels_told(session: Session, cluster_id: str, *, at: datetime) -> None:
    """Record when the operators were told that another tool drops our labels."""
    row = session.get_one(ClusterRow, cluster_id)
    row.labels_told_at = at
    session.add(row)


def note_open(
    session: Session, cluster_id: str, *, since: datetime | None, alarm_at: datetime | None
) -> None:
    """Record since when a cluster has no rules, None if it has some, and when to tell again."""
    row = session.get_one(ClusterRow, cluster_id)
    row.open_since, row.open_alarms, row.open_alarm_at = since, 0, alarm_at
    session.add(row)


def left_open(session: Session) -> list[Watch]:
    """Return the clusters that have no rules, locked."""
    query = select(ClusterRow).where(col(ClusterRow.open_since).is_not(None))
    return [_watch(row) for row in session.exec(query.with_for_update(skip_locked=True))]


def note_open_alarm(session: Session, cluster_id: str, *, next_at: datetime) -> None:
    """Record that the operators were told again, and when to tell them next."""
    row = session.get_one(ClusterRow, cluster_id)
    row.open_alarms += 1
    row.open_alarm_at = next_at
    session.add(row)


def _row(session: Session, cluster_id: str, alias: str) -> ClusterRow:
    """Return a cluster's row, locked; created if the cluster was not known."""
    new = ClusterRow(id=cluster_id, alias=alias).model_dump()
    session.execute(_insert_once(dialect_of(session)), new)
    return session.get_one(ClusterRow, cluster_id, with_for_update=True, populate_existing=True)


@cache  # as `_due_query`
def _insert_once(dialect: str) -> Insert:
    return insert_on(dialect, ClusterRow).on_conflict_do_nothing(index_elements=["id"])


def _watch(row: ClusterRow) -> Watch:
    return Watch(**row.model_dump())
