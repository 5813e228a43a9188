"""Grants: what is lent, and the queries for those that something has to be done about."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Update,
    bindparam,
    case,
    false,
    func,
    literal_column,
    text,
    true,
    update,
)
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, or_, select

from bot.domain.actors import Actor
from bot.domain.lifecycle import EndReason, Grant, GrantState
from bot.domain.sources import SourceType, TrustedSource
from bot.store.database import UtcDateTime, dialect_of, in_batches, rows_of, table_of
from bot.store.due import Next
from bot.store.tables import GrantRow, RequestRow

# As literals: a planner that gets the state as a parameter may not use the index.
_ENDED: ColumnElement[str] = literal_column(f"'{GrantState.ENDED}'")
NOT_ENDED: ColumnElement[bool] = col(GrantRow.state) != _ENDED
MOVING: ColumnElement[bool] = col(GrantRow.state).in_(
    [literal_column(f"'{state}'") for state in (GrantState.APPLYING, GrantState.REMOVING)]
)
# When a rule should be gone: at the grant's end, or earlier if somebody revoked it.
OVER_AT: ColumnElement[Any] = case(
    (col(GrantRow.removing_since) < col(GrantRow.expires_at), col(GrantRow.removing_since)),
    else_=col(GrantRow.expires_at),
)
# Since when there has been a rule to add. What was put back keeps the times of the grant before it.
WANTED_SINCE: ColumnElement[datetime] = func.coalesce(
    select(RequestRow.decided_at).where(RequestRow.id == GrantRow.id).scalar_subquery(),
    col(GrantRow.approved_at),
    type_=UtcDateTime(),
)
# Since when a grant that starts or ends has waited for its rule to be added or removed.
MOVING_SINCE: ColumnElement[datetime] = func.coalesce(
    col(GrantRow.removing_since), WANTED_SINCE, type_=UtcDateTime()
)
_ACTIVE: ColumnElement[bool] = col(GrantRow.state) == literal_column(f"'{GrantState.ACTIVE}'")
_OPEN: list[ColumnElement[str]] = [
    literal_column(f"'{state}'") for state in (GrantState.APPLYING, GrantState.ACTIVE)
]
_LIVE: ColumnElement[bool] = NOT_ENDED & col(GrantRow.state).in_(_OPEN)
_PLAIN = [field.name for field in fields(Grant) if field.name != "source"]


def add(session: Session, grant: Grant) -> None:
    """Write a new grant down."""
    row = GrantRow(
        **{name: getattr(grant, name) for name in _PLAIN},
        source_type=grant.source.type,
        source_value=grant.source.value,
    )
    session.add(row)
    session.flush()


def get(session: Session, grant_id: int) -> Grant | None:
    """Return a grant, locked until the transaction ends."""
    row = session.get(GrantRow, grant_id, with_for_update=True)
    return _grant(row) if row else None


def get_some(session: Session, numbers: Collection[int]) -> list[Grant]:
    """Return the grants of these numbers, by number, locked until the transaction ends."""
    if not numbers:
        return []
    rows = rows_of(session, _some_query(), {"numbers": list(numbers)})
    return [_grant(row) for row in rows]


@cache  # as `_live_query`
def _some_query() -> Select[Any]:
    table = table_of(GrantRow)
    is_one = table.c.id.in_(bindparam("numbers", expanding=True))
    return sql_select(table).where(is_one).order_by(table.c.id).with_for_update()


def save(session: Session, grant: Grant) -> None:
    """Write what a transition changed."""
    values = {name: getattr(grant, name) for name in _PLAIN if name != "id"}
    session.execute(_save(), {**values, "number": grant.id})


@cache  # sent with each change: composing it took longer than carrying it out
def _save() -> Update:
    table = table_of(GrantRow)
    values: dict[str, Any] = {name: bindparam(name) for name in _PLAIN if name != "id"}
    return update(table).where(table.c.id == bindparam("number")).values(**values)


def live(
    session: Session,
    *,
    requester: str | None = None,
    cluster: str | None = None,
    source: TrustedSource | None = None,
) -> list[Grant]:
    """Return live grants, those that end first in front."""
    wanted = {
        "requester": requester,
        "cluster": cluster,
        "source_type": source and source.type,
        "source_value": source and source.value,
    }
    wanted = {name: value for name, value in wanted.items() if value is not None}
    return [_grant(row) for row in rows_of(session, _live_query(frozenset(wanted)), wanted)]


@cache  # asked for each command: composing it took longer than its answer
def _live_query(wanted: frozenset[str]) -> Select[Any]:
    table = table_of(GrantRow)
    is_live = table.c.state.in_(_OPEN)
    query = sql_select(table).where(table.c.state != _ENDED, is_live)
    for name in sorted(wanted):
        query = query.where(table.c[name] == bindparam(name))
    return query.order_by(table.c.expires_at, table.c.id)


def live_on(session: Session, aliases: Collection[str]) -> dict[str, list[Grant]]:
    """Return the live grants of each of these clusters, those that end first in front."""
    found: dict[str, list[Grant]] = {alias: [] for alias in aliases}
    names: Any = bindparam("aliases", expanding=True)
    query = _live_query(frozenset()).where(table_of(GrantRow).c.cluster.in_(names))
    for some in in_batches(aliases):
        for row in rows_of(session, query, {"aliases": some}):
            found[row.cluster].append(_grant(row))
    return found


def applying(session: Session) -> list[Grant]:
    """Return the grants that are not in place yet, by number."""
    query = select(GrantRow).where(MOVING, GrantRow.state == GrantState.APPLYING)
    return [_grant(row) for row in session.exec(query.order_by(col(GrantRow.id)))]


def revoked_by_another(
    session: Session, *, requester: str, cluster: str, since: datetime
) -> Grant | None:
    """Return somebody's last grant on a cluster that somebody else revoked after *since*.

    What they gave back themselves does not count, nor what ended when they were deactivated.
    """
    theirs = {"requester": requester, "cluster": cluster}
    row = rows_of(session, _revoked_query(), theirs).first()
    return _grant(row) if row is not None and row.removing_since > since else None


@cache  # as `_live_query`
def _revoked_query() -> Select[Any]:
    table = table_of(GrantRow)
    return _last_revoked(table, bindparam("requester"), bindparam("cluster"))


def _last_revoked(table: Any, requester: Any, cluster: Any) -> Select[Any]:
    """Return the query for the last grant of somebody on a cluster that somebody else revoked."""
    grant = table.c
    query = sql_select(table).where(
        grant.requester == requester,
        grant.cluster == cluster,
        grant.end_reason == EndReason.REVOKED,
        grant.revoked_by != requester,
        grant.revoked_by != Actor.DEPARTED,
        grant.adopted.is_(False),
        grant.removing_since.is_not(None),
    )
    return query.order_by(grant.removing_since.desc()).limit(1)


@dataclass(frozen=True)
class Before:
    """What a requester had on the cluster before: that very source, and what another revoked.

    `revoked` is as `revoked_by_another` says, however long ago it was.
    """

    had_source: bool
    revoked: Grant | None


def before(session: Session, of: Collection[int]) -> dict[int, Before]:
    """Return it for each of these requests, by number, in two statements at most."""
    found: dict[int, tuple[bool, int | None]] = {}
    for some in in_batches(of):
        asked = rows_of(session, _before_query(len(some) == 1), {"numbers": _one_or_all(some)})
        found |= {number: (had, revoked) for number, had, revoked in asked}
    numbers = {revoked for _, revoked in found.values() if revoked is not None}
    revoked_ones = of_requests(session, numbers) if numbers else {}
    return {
        number: Before(bool(had), revoked_ones.get(revoked) if revoked is not None else None)
        for number, (had, revoked) in found.items()
    }


@cache  # as `_live_query`
def _before_query(is_for_one: bool) -> Select[Any]:
    request, table = table_of(RequestRow).c, table_of(GrantRow)
    same_source = sql_select(table.c.id).where(
        table.c.requester == request.requester,
        table.c.cluster == request.cluster,
        table.c.source_type == request.source_type,
        table.c.source_value == request.source_value,
    )
    revoked = _last_revoked(table, request.requester, request.cluster)
    query = sql_select(
        request.id,
        same_source.exists(),
        revoked.with_only_columns(table.c.id).correlate(request.id.table).scalar_subquery(),
    )
    numbers: Any = bindparam("numbers", expanding=not is_for_one)
    return query.where(request.id == numbers if is_for_one else request.id.in_(numbers))


def _one_or_all(numbers: Sequence[int]) -> int | Sequence[int]:
    """Return what `_before_query` takes; a list takes longer to compose than one number."""
    return numbers[0] if len(numbers) == 1 else numbers


def of_requests(session: Session, numbers: Collection[int]) -> dict[int, Grant]:
    """Return the grants that came of these requests, live or ended, by number."""
    batches = (rows_of(session, _of_numbers(), {"numbers": some}) for some in in_batches(numbers))
    return {row.id: _grant(row) for found in batches for row in found}


@cache  # as `_live_query`
def _of_numbers() -> Select[Any]:
    table = table_of(GrantRow)
    return sql_select(table).where(table.c.id.in_(bindparam("numbers", expanding=True)))


def holders(session: Session) -> set[str]:
    """Return who holds live grants; an adopted rule is nobody's own."""
    query = select(GrantRow.requester).where(_LIVE, col(GrantRow.adopted).is_(False)).distinct()
    return set(session.exec(query))


def listing(
    session: Session, *, ended_too: bool = False, cluster_id: str | None = None
) -> list[Grant]:
    """Return grants by number: those that have not ended, or all; of one cluster, or of all."""
    query = select(GrantRow) if ended_too else select(GrantRow).where(NOT_ENDED)
    if cluster_id is not None:
        query = query.where(GrantRow.cluster_id == cluster_id)
    return [_grant(row) for row in session.exec(query.order_by(col(GrantRow.id)))]


def of_cluster(
    session: Session,
    cluster_id: str,
    *,
    ended_since: datetime,
) -> list[Grant]:
    """Return a cluster's grants that have not ended, or ended after *ended_since*, locked."""
    asked = {"cluster_id": cluster_id, "ended_since": ended_since}
    return [_grant(row) for row in rows_of(session, _of_cluster_query(), asked)]


@cache  # as `_live_query`
def _of_cluster_query() -> Select[Any]:
    table = table_of(GrantRow)
    is_of_late = or_(table.c.state != _ENDED, table.c.ended_at > bindparam("ended_since"))
    query = sql_select(table).where(table.c.cluster_id == bindparam("cluster_id"), is_of_late)
    return query.order_by(table.c.id).with_for_update()


def overdue(session: Session, now: datetime, *, most: int) -> list[Grant]:
    """Return live grants whose time is up, locked: at most *most*, those first that ran out first.

    They are sorted by cluster, so that all who lock clusters do so in the same order.
    """
    query = select(GrantRow).where(_LIVE, GrantRow.expires_at <= now)
    query = query.order_by(col(GrantRow.expires_at), col(GrantRow.id)).limit(most)
    found = [_grant(row) for row in session.exec(query.with_for_update(skip_locked=True))]
    return sorted(found, key=lambda grant: (grant.cluster_id, grant.id))


def unwarned(
    session: Session, now: datetime, *, clusters: Collection[str], adopted: bool, within: timedelta
) -> list[Grant]:
    """Return the unwarned active grants of *clusters* that end *within* that time, locked.

    *adopted* rules are a query of their own, since they are announced earlier.
    """
    query = select(GrantRow).where(
        _ACTIVE,
        col(GrantRow.warned_at).is_(None),
        col(GrantRow.adopted) == (true() if adopted else false()),
        GrantRow.expires_at > now,
        GrantRow.expires_at <= now + within,
        col(GrantRow.cluster).in_(clusters),
    )
    return [_grant(row) for row in session.exec(query.with_for_update(skip_locked=True))]


def next_end() -> Next:
    """Return the question when the next live grant ends."""
    query = select(GrantRow.expires_at).where(_LIVE)
    return query.order_by(col(GrantRow.expires_at)).limit(1)


def next_unwarned(*, adopted: bool) -> Next:
    """Return the question when the next active grant ends whose end was not announced."""
    query = select(GrantRow.expires_at).where(
        _ACTIVE,
        col(GrantRow.warned_at).is_(None),
        col(GrantRow.adopted) == (true() if adopted else false()),
    )
    return query.order_by(col(GrantRow.expires_at)).limit(1)


def moving_longest() -> Next:
    """Return the question since when the grant has waited that starts or ends for the longest."""
    return select(MOVING_SINCE).where(MOVING).order_by(MOVING_SINCE).limit(1)


def clusters_with_grants(session: Session) -> set[tuple[str, str]]:
    """Return (id, alias) of each cluster with a grant that has not ended."""
    query = select(GrantRow.cluster_id, GrantRow.cluster).where(NOT_ENDED).distinct()
    return {(cluster_id, alias) for cluster_id, alias in session.exec(query)}


def bump_numbers(session: Session, used: int) -> None:
    """Make sure that new requests get numbers above *used* (SQLite does so by itself)."""
    if dialect_of(session) == "postgresql":
        session.execute(
            text(
                "SELECT setval(pg_get_serial_sequence('requests', 'id'), "
                "GREATEST(:used, (SELECT COALESCE(MAX(id), 1) FROM requests)))"
            ),
            {"used": used},
        )


def _grant(row: GrantRow | Row[Any]) -> Grant:
    values = {name: getattr(row, name) for name in _PLAIN}
    values["state"] = GrantState(row.state)
    values["end_reason"] = EndReason(row.end_reason) if row.end_reason else None
    return Grant(source=TrustedSource(SourceType(row.source_type), row.source_value), **values)
