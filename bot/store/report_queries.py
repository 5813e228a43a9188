"""Queries of the report: what was lent and decided within a period, read page by page."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, or_, select

from bot.domain.audit_actions import Action
from bot.domain.lifecycle import Grant, Request, RequestState
from bot.store import audit, grants, requests
from bot.store.audit_entries import Entry, entry
from bot.store.database import rows_of
from bot.store.tables import AuditRow, GrantRow, RequestRow

ROWS_AT_ONCE = 250


@dataclass(frozen=True)
class Period:
    """From *since* on, before *until* (aware UTC); of one cluster, by its alias, or of all."""

    since: datetime
    until: datetime
    cluster: str | None = None


@dataclass(frozen=True)
class Lent:
    """A grant, the request that it came of, and what followed.

    `noted` are its audit rows of the actions asked for, the oldest first.
    """

    grant: Grant
    request: Request
    extensions: tuple[Request, ...]
    put_back_as: int | None
    noted: tuple[Entry, ...]


def lent(session: Session, period: Period, *, noted: Collection[Action]) -> Iterator[Lent]:
    """Yield each grant that was in force within a period, once, by number.

    It is in force from its approval, or from when it was put back, until it ended.
    """
    began = func.coalesce(RequestRow.decided_at, GrantRow.approved_at)
    query = (
        select(GrantRow.id)
        .join(RequestRow, col(RequestRow.id) == col(GrantRow.id))
        .where(
            began < period.until,
            or_(col(GrantRow.ended_at).is_(None), col(GrantRow.ended_at) >= period.since),
        )
    )
    if period.cluster is not None:
        query = query.where(GrantRow.cluster == period.cluster)
    extending = _extending(session)
    last = 0
    while True:
        page = query.where(GrantRow.id > last).order_by(col(GrantRow.id)).limit(ROWS_AT_ONCE)
        numbers = session.exec(page).all()
        if not numbers:
            return
        yield from _lent(session, numbers, noted, extending)
        last = numbers[-1]


def closed(session: Session, period: Period) -> Iterator[Request]:
    """Yield each request that was closed within a period, whatever the decision, by number."""
    conditions = [
        col(RequestRow.decided_at) >= period.since,
        col(RequestRow.decided_at) < period.until,
    ]
    if period.cluster is not None:
        conditions.append(col(RequestRow.cluster) == period.cluster)
    last = 0
    while True:
        page = select(RequestRow.id).where(*conditions, col(RequestRow.id) > last)
        page = page.order_by(col(RequestRow.id)).limit(ROWS_AT_ONCE)
        found = requests.that(session, col(RequestRow.id).in_(page))
        if not found:
            return
        yield from found
        last = found[-1].id


def waiting(session: Session, period: Period) -> int:
    """Return how many requests from before the end of a period are still undecided."""
    query = (
        select(func.count())
        .select_from(RequestRow)
        .where(RequestRow.state == RequestState.PENDING, RequestRow.created_at < period.until)
    )
    if period.cluster is not None:
        query = query.where(RequestRow.cluster == period.cluster)
    return session.exec(query).one()


def _extending(session: Session) -> dict[int, list[int]]:
    """Return the extensions of each grant that has any, in one query, since no index helps."""
    query = select(RequestRow.extends, RequestRow.id).where(
        col(RequestRow.extends).is_not(None), RequestRow.state == RequestState.APPROVED
    )
    found: dict[int, list[int]] = {}
    for grant, number in session.exec(query.order_by(col(RequestRow.id))):
        found.setdefault(grant or 0, []).append(number or 0)
    return found


def _lent(
    session: Session,
    numbers: Collection[int],
    actions: Collection[Action],
    extending: Mapping[int, Sequence[int]],
) -> Iterator[Lent]:
    granted = grants.of_requests(session, numbers)
    asked = {one.id: one for one in requests.that(session, col(RequestRow.id).in_(numbers))}
    wanted = [later for number in numbers for later in extending.get(number, ())]
    extensions: dict[int, list[Request]] = {}
    for one in requests.that(session, col(RequestRow.id).in_(wanted)) if wanted else ():
        extensions.setdefault(one.extends or 0, []).append(one)
    later = select(RequestRow.puts_back, RequestRow.id).where(
        col(RequestRow.puts_back).in_(numbers)
    )
    put_back = dict(session.exec(later.order_by(col(RequestRow.id))).all())
    rows: dict[int, list[Entry]] = {}
    query = audit.entries_query().where(
        col(AuditRow.request_id).in_(numbers), col(AuditRow.action).in_(actions)
    )
    for row in rows_of(session, query.order_by(col(AuditRow.id))):
        rows.setdefault(row.request_id or 0, []).append(entry(row))
    for number in numbers:
        yield Lent(
            grant=granted[number],
            request=asked[number],
            extensions=tuple(extensions.get(number, [])),
            put_back_as=put_back.get(number),
            noted=tuple(rows.get(number, [])),
        )
