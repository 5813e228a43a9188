"""Requests and the decisions on them."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Row, Select, bindparam, case, desc, func, insert
from sqlalchemy import select as sql_select
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import Session, and_, col, or_, select

from bot.domain.actors import Actor
from bot.domain.lifecycle import (
    Decision,
    EndReason,
    Grant,
    GrantState,
    Request,
    RequestKind,
    RequestState,
    Verdict,
)
from bot.domain.people import Person, Standing
from bot.domain.refusals.any_refusal import REFUSAL, AnyRefusal
from bot.domain.sources import SourceType, TrustedSource
from bot.store.database import rows_of, table_of
from bot.store.due import Next, is_due
from bot.store.locks import one_at_a_time
from bot.store.tables import DecisionRow, GrantRow, RequestRow

NEXT = 0  # the number of a request that has none yet

# The fields that are columns of the same name: a new one stands in `Request` and `RequestRow`.
_OTHERS = {"id", "source", "duration", "decisions", "concerned", "details"}
_SAME = [field.name for field in fields(Request) if field.name not in _OTHERS]
_OF_DECISION = ("approver", "verdict", "at", "reason", "at_most_seconds")
_Asked = Select[Any]  # a row for each decision on a request, or one where there is none
_ENUMS: dict[str, Callable[[Any], Any]] = {
    "state": RequestState,
    "kind": RequestKind,
    "standing": Standing,
}


def add(session: Session, request: Request, *, origin: str | None = None) -> Request:
    """Save a new request, and return it with its number: the next one if that is `NEXT`.

    *origin* is the Slack interaction that it came from; each makes one request at most.
    """
    numbered = {"id": request.id} if request.id else {}
    row = _columns(request) | {"origin": origin} | numbered
    return replace(request, id=session.execute(_insert(), row).scalar_one())


@cache  # sent for each request: composing it took longer than carrying it out
def _insert() -> ReturningInsert[tuple[int]]:
    table = table_of(RequestRow)
    return insert(table).returning(table.c.id)


def get(session: Session, request_id: int) -> Request | None:
    """Return a request, locked until the transaction ends."""
    row = session.get(RequestRow, request_id, with_for_update=True)
    return with_decisions(session, [row])[0] if row else None


def look_at(session: Session, request_id: int) -> Request | None:
    """Return a request without locking it."""
    found = _asked(session, _by_number_query(), number=request_id)
    return found[0] if found else None


@cache  # as `_earlier_query`
def _by_number_query() -> _Asked:
    return _with_decisions().where(table_of(RequestRow).c.id == bindparam("number"))


def owners_of(session: Session, request_id: int) -> tuple[str | None, ...]:
    """Return who benefits from a request, and who asked for them; nobody if there is none."""
    query = select(RequestRow.requester, RequestRow.asked_by).where(RequestRow.id == request_id)
    return tuple(session.exec(query).first() or ())


def save(session: Session, request: Request) -> None:
    """Write what a transition changed: state, times, review, decisions and whom they concern."""
    row = session.get_one(RequestRow, request.id)
    for name, value in _columns(request).items():
        setattr(row, name, value)
    written = session.exec(select(DecisionRow).where(DecisionRow.request_id == request.id)).all()
    kept = {(decision.approver, decision.verdict) for decision in request.decisions}
    for gone in written:
        if (gone.approver, gone.verdict) not in kept:
            session.delete(gone)
    already = {(one.approver, one.verdict) for one in written}
    for decision in request.decisions:
        if (decision.approver, decision.verdict) in already:
            continue
        session.add(
            DecisionRow(
                request_id=request.id,
                approver=decision.approver,
                verdict=decision.verdict,
                at=decision.at,
                reason=_kept_reason(decision),
                at_most_seconds=_seconds(decision.at_most),
            )
        )
    session.add(row)
    session.flush()


@dataclass(frozen=True)
class Earlier:
    """What came of an interaction already, if anything did, and what else its author waits for."""

    made: Request | None
    waiting: list[Request]


def earlier(session: Session, *, origin: str, requester: str) -> Earlier:
    """Return the request that a Slack interaction made, and somebody's undecided requests."""
    found = _found(session, _earlier_query(), origin=origin, requester=requester)
    made = (request for row, request in found if row.origin == origin)
    waiting = [
        request
        for row, request in found
        if request.state is RequestState.PENDING and row.requester == requester
    ]
    return Earlier(next(made, None), waiting)


@cache  # asked for each command: composing it took longer than its answer
def _earlier_query() -> _Asked:
    request = table_of(RequestRow).c
    is_theirs = request.requester == bindparam("requester")
    is_waiting = and_(is_theirs, request.state == RequestState.PENDING)
    return _with_decisions().where(or_(request.origin == bindparam("origin"), is_waiting))


def behind(session: Session, grant_id: int) -> list[Request]:
    """Return the requests that a grant rests on, in order, not locked.

    These are the request that it came of (for a grant that was put back, those behind the grant
    whose rule was removed), and each approved extension.
    """
    own, extensions = behind_grant(session, grant_id)
    if own is None:
        return []
    first = [own] if own.puts_back is None else behind(session, own.puts_back)
    return [*first, *extensions]


def behind_grant(session: Session, grant_id: int) -> tuple[Request | None, list[Request]]:
    """Return the request of a grant's own number, and its approved extensions, in order."""
    found = _asked(session, _behind_query(), grant=grant_id)
    own = next((request for request in found if request.id == grant_id), None)
    return own, [request for request in found if request.extends == grant_id]


@cache  # as `_earlier_query`
def _behind_query() -> _Asked:
    request = table_of(RequestRow).c
    grant: Any = bindparam("grant")
    is_extension = and_(request.extends == grant, request.state == RequestState.APPROVED)
    return _with_decisions().where(or_(request.id == grant, is_extension))


def putting_back(session: Session, grant_id: int) -> Request | None:
    """Return the request that put a grant back, if it was put back."""
    row = session.exec(select(RequestRow).where(RequestRow.puts_back == grant_id)).first()
    return with_decisions(session, [row])[0] if row else None


def pending(
    session: Session,
    *,
    requester: str | None = None,
    cluster: str | None = None,
    source: TrustedSource | None = None,
    extends: int | None = None,
    kind: RequestKind | None = None,
    take: bool = False,
) -> list[Request]:
    """Return undecided requests, the oldest first.

    With *take* they are locked, and those that another transaction has locked are left out.
    """
    wanted = {
        "requester": requester,
        "cluster": cluster,
        "source_type": source and source.type,
        "source_value": source and source.value,
        "extends": extends,
        "kind": kind,
    }
    wanted = {name: value for name, value in wanted.items() if value is not None}
    return _asked(session, _pending_query(frozenset(wanted), take), **wanted)


@cache  # as `_earlier_query`
def _pending_query(wanted: frozenset[str], take: bool) -> _Asked:
    table = table_of(RequestRow)
    query = _with_decisions().where(table.c.state == RequestState.PENDING)
    for name in sorted(wanted):
        query = query.where(table.c[name] == bindparam(name))
    return query.with_for_update(of=table, skip_locked=True) if take else query


def lapsing(session: Session, now: datetime) -> list[Request]:
    """Return undecided requests that lapse now, locked.

    Nobody decided in time, or the grant that they would extend is no longer live.
    """
    query = (
        select(RequestRow)
        .where(
            RequestRow.state == RequestState.PENDING,
            or_(col(RequestRow.lapses_at) <= now, _extends_what_is_over()),
        )
        .with_for_update(skip_locked=True)
    )
    return with_decisions(session, session.exec(query).all())


def unreviewed_emergency(session: Session, requester: str, *, of: Collection[str]) -> int | None:
    """Return the number of somebody's unreviewed emergency on the clusters *of*.

    One that could not be put in place gave no access, and does not count. On PostgreSQL, two
    transactions that ask about the same person take turns.
    """
    one_at_a_time(session, f"emergencies of {requester}")
    failed = select(GrantRow.id).where(GrantRow.end_reason == EndReason.FAILED)
    query = select(RequestRow.id).where(
        RequestRow.requester == requester,
        RequestRow.kind == RequestKind.EMERGENCY,
        RequestRow.state == RequestState.APPROVED,
        col(RequestRow.reviewed_at).is_(None),
        col(RequestRow.cluster).in_(of),
        col(RequestRow.id).not_in(failed),
    )
    return session.exec(query.order_by(col(RequestRow.id)).limit(1)).first()


def to_review(session: Session) -> list[Request]:
    """Return emergencies that no approver has reviewed yet, the oldest first."""
    query = select(RequestRow).where(  # what waits for a review has a reminder
        col(RequestRow.remind_at).is_not(None), RequestRow.kind == RequestKind.EMERGENCY
    )
    return with_decisions(session, session.exec(query.order_by(col(RequestRow.id))).all())


def closed(
    session: Session,
    *,
    requester: str,
    of_everybody: Collection[str],
    clusters: Collection[str],
    most: int,
) -> list[Request]:
    """Return the newest requests that no longer wait for a decision, the newest first.

    Only those for *clusters*: the requester's own, and for the clusters *of_everybody* all.
    """
    query = select(RequestRow).where(
        RequestRow.state != RequestState.PENDING,
        col(RequestRow.cluster).in_(clusters),
        or_(RequestRow.requester == requester, col(RequestRow.cluster).in_(of_everybody)),
    )
    rows = session.exec(query.order_by(col(RequestRow.id).desc()).limit(most))
    return with_decisions(session, rows.all())


def to_remind(session: Session, now: datetime, *, reviews_within: timedelta) -> list[Request]:
    """Return requests of which somebody has to be reminded now, locked.

    *reviews_within* is the longest time between two reminders of a review.
    """
    is_review = RequestRow.kind == RequestKind.EMERGENCY
    overlooked = and_(is_review, is_due(RequestRow.remind_at, now, within=reviews_within))
    query = select(RequestRow).where(or_(col(RequestRow.remind_at) <= now, overlooked))
    query = query.order_by(col(RequestRow.remind_at), col(RequestRow.id))
    query = query.with_for_update(skip_locked=True)
    return with_decisions(session, session.exec(query).all())


def next_reminder() -> Next:
    """Return the question when somebody is to be reminded next."""
    query = select(RequestRow.remind_at).where(col(RequestRow.remind_at).is_not(None))
    return query.order_by(col(RequestRow.remind_at)).limit(1)


def next_lapse() -> Next:
    """Return the question when the next undecided request lapses; one as in `lapsing` already."""
    over = (_extends_what_is_over(), col(RequestRow.created_at))
    at = case(over, else_=col(RequestRow.lapses_at))
    return select(at).where(RequestRow.state == RequestState.PENDING).order_by(at).limit(1)


def _extends_what_is_over() -> ColumnElement[bool]:
    extended = select(GrantRow.state).where(col(GrantRow.id) == col(RequestRow.extends))
    return extended.scalar_subquery().in_([GrantState.REMOVING, GrantState.ENDED])


def last_address(session: Session, requester: str, cluster: str) -> str:
    """Return the address from which somebody asked last, best for this cluster; else empty."""
    query = (
        select(RequestRow.source_value)
        .where(
            RequestRow.requester == requester,
            col(RequestRow.asked_by).is_(None),
            RequestRow.source_type == SourceType.IP_ADDR,
            RequestRow.kind != RequestKind.ADOPTION,
        )
        .order_by(desc(col(RequestRow.cluster) == cluster), col(RequestRow.id).desc())
    )
    return session.exec(query.limit(1)).first() or ""


def newest(session: Session) -> int:
    """Return the highest number that a request has; 0 where there is none."""
    return session.exec(select(func.max(col(RequestRow.id)))).one() or 0


def is_taken(session: Session, request_id: int) -> bool:
    """Tell whether a number is in use."""
    return session.get(RequestRow, request_id) is not None


def new_grant(request: Request, *, cluster_id: str, at: datetime) -> Grant:
    """Return the grant that an approved request becomes, under the same number."""
    return Grant(
        id=request.id,
        cluster=request.cluster,
        cluster_id=cluster_id,
        source=request.source,
        requester=request.requester,
        state=GrantState.APPLYING,
        approved_at=at,
        expires_at=request.end_from(at),
        adopted=request.kind is RequestKind.ADOPTION,
        emergency=request.kind is RequestKind.EMERGENCY,
        source_name=request.source_name,
    )


def with_decisions(session: Session, rows: Sequence[RequestRow]) -> list[Request]:
    """Return rows as requests, each with the decisions on it."""
    ids = [row.id for row in rows]
    query = select(DecisionRow).where(col(DecisionRow.request_id).in_(ids))
    decisions: dict[int, list[DecisionRow]] = {}
    for decision in session.exec(query.order_by(col(DecisionRow.id))) if ids else ():
        decisions.setdefault(decision.request_id, []).append(decision)
    return [_request(row, map(_decision, decisions.get(row.id or 0, []))) for row in rows]


def that(session: Session, condition: ColumnElement[bool]) -> list[Request]:
    """Return the requests for which a condition on their columns holds, the oldest first."""
    return _asked(session, _with_decisions().where(condition))


def _with_decisions() -> _Asked:
    """Return the query for requests, the oldest first, and the decisions on each."""
    request, decision = table_of(RequestRow), table_of(DecisionRow)
    columns = (decision.c[name].label(f"decision_{name}") for name in _OF_DECISION)
    query = sql_select(request, *columns)
    query = query.outerjoin(decision, decision.c.request_id == request.c.id)
    return query.order_by(request.c.id, decision.c.id)


def _asked(session: Session, query: _Asked, **wanted: Any) -> list[Request]:
    """Return the requests that a query by `_with_decisions` finds."""
    return [request for _, request in _found(session, query, **wanted)]


def _found(session: Session, query: _Asked, **wanted: Any) -> list[tuple[Row[Any], Request]]:
    """Return the same, each with its row; no object of the ORM is made, which takes longer."""
    rows: dict[int, Row[Any]] = {}
    decisions: dict[int, list[Decision]] = {}
    for row in rows_of(session, query, wanted):
        rows[row.id] = row
        made = decisions.setdefault(row.id, [])
        if row.decision_approver is not None:
            made.append(_made(*row[-len(_OF_DECISION) :]))
    return [(row, _request(row, decisions[number])) for number, row in rows.items()]


def _columns(request: Request) -> dict[str, Any]:
    """Return a request's columns but for its number; its decisions are rows of their own."""
    return {name: getattr(request, name) for name in _SAME} | {
        "source_type": request.source.type,
        "source_value": request.source.value,
        "duration_seconds": round(request.duration.total_seconds()),
        "concerned": [_established(person) for person in request.concerned],
        "details": [[name, value] for name, value in request.details] or None,
    }


def _request(row: RequestRow | Row[Any], decisions: Iterable[Decision]) -> Request:
    values = {name: _ENUMS.get(name, _as_it_is)(getattr(row, name)) for name in _SAME}
    return Request(
        **values,
        id=row.id or NEXT,
        source=TrustedSource(SourceType(row.source_type), row.source_value),
        duration=timedelta(seconds=row.duration_seconds),
        decisions=tuple(decisions),
        concerned=tuple(_person(facts) for facts in row.concerned or ()),
        details=tuple((name, value) for name, value in row.details or ()),
    )


def _as_it_is(value: Any) -> Any:
    return value


def _kept_reason(decision: Decision) -> str:
    if isinstance(decision.reason, str):
        return decision.reason
    return REFUSAL.dump_json(decision.reason).decode()


def _decision(row: DecisionRow) -> Decision:
    return _made(*(getattr(row, name) for name in _OF_DECISION))


def _made(
    approver: str, verdict: str, at: datetime, reason: str, at_most_seconds: int | None
) -> Decision:
    """Return a decision of its row's values, as `_OF_DECISION` lists them."""
    at_most = _duration(at_most_seconds)
    return Decision(approver, Verdict(verdict), at, _reason(approver, reason), at_most)


def _reason(approver: str, kept: str) -> str | AnyRefusal:
    if approver != Actor.DBACCESS:
        return kept
    with suppress(ValidationError):  # a code that this version does not know, or a sentence
        return REFUSAL.validate_json(kept)
    return kept


def _established(person: Person) -> dict[str, Any]:
    """Return the part of what Slack's directory said of somebody that is kept."""
    return {"id": person.id, "standing": person.standing, "groups": sorted(person.groups)}


def _person(kept: dict[str, Any]) -> Person:
    return Person(kept["id"], Standing(kept["standing"]), frozenset(kept["groups"]))


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else round(duration.total_seconds())


def _duration(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
