"""Erasure: personal data of the audit, and of requests that are over, with what belongs to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, null, update
from sqlmodel import Session, col, select

from bot.domain.erasure import ERASED, stand_ins
from bot.domain.sources import SourceType
from bot.store.over import is_needed, is_over
from bot.store.tables import AuditRow, DecisionRow, GrantRow, RequestRow


@dataclass(frozen=True)
class Erasable:
    """What can be erased: rows of the audit, and requests. `fixed` rows are of an older format."""

    rows: int
    requests: int
    fixed: int


def erase_audit(session: Session, before: datetime, *, most: int) -> int:
    """Erase the personal fields of audit rows from before a time; return of how many, *most*."""
    chosen = select(AuditRow.id).where(_is_erasable(before)).order_by(col(AuditRow.at)).limit(most)
    erased = session.execute(
        update(AuditRow)
        .where(col(AuditRow.id).in_(chosen.with_for_update(skip_locked=True)))
        .values(personal=null())
        .returning(col(AuditRow.id)),
        execution_options={"synchronize_session": False},
    )
    return len(erased.all())


def erase_requests(session: Session, before: datetime, now: datetime, *, most: int) -> int:
    """Erase the personal data of requests that were over before a time; return of how many.

    Who was concerned is replaced by stand-ins. Those of one request still tell people apart.
    """
    query = select(RequestRow).where(_is_unneeded(before, now)).order_by(col(RequestRow.created_at))
    rows = session.exec(query.limit(most).with_for_update(skip_locked=True)).all()
    for row in rows:
        said = session.exec(
            select(DecisionRow)
            .where(DecisionRow.request_id == row.id)
            .order_by(col(DecisionRow.id))
        ).all()
        _erase(session, row, said, session.get(GrantRow, row.id, with_for_update=True), now)
    session.flush()
    return len(rows)


def erasable(session: Session, before: datetime, over_before: datetime, now: datetime) -> Erasable:
    """Count what an erasure would erase: of the audit, and of requests that were over by then."""
    rows, fixed = audit_left(session, before)
    unneeded = _is_unneeded(over_before, now)
    return Erasable(rows, session.exec(select(func.count()).where(unneeded)).one(), fixed)


def audit_left(session: Session, before: datetime) -> tuple[int, int]:
    """Count the audit rows from before a time that can be erased, and those that never can."""
    fixed = and_(col(AuditRow.at) < before, col(AuditRow.format) == 1)
    return (
        session.exec(select(func.count()).where(_is_erasable(before))).one(),
        session.exec(select(func.count()).where(fixed)).one(),
    )


def _is_erasable(before: datetime) -> ColumnElement[bool]:
    return and_(col(AuditRow.personal).is_not(None), col(AuditRow.at) < before)


def _is_unneeded(before: datetime, now: datetime) -> ColumnElement[bool]:
    return and_(col(RequestRow.erased_at).is_(None), is_over(before, now), ~is_needed())


def _erase(
    session: Session,
    row: RequestRow,
    said: Sequence[DecisionRow],
    grant: GrantRow | None,
    now: datetime,
) -> None:
    names = [row.requester, row.asked_by, *(one.approver for one in said), row.reviewed_by]
    names.append(grant.revoked_by if grant else None)
    stand_in = stand_ins(names)
    row.requester = stand_in[row.requester] or ERASED
    row.asked_by = stand_in[row.asked_by]
    row.reviewed_by = stand_in[row.reviewed_by]
    row.reason, row.concerned, row.origin, row.details = _erased(row.reason), [], None, None
    row.erased_at = now
    _erase_source(row)
    for one in said:
        one.approver = stand_in[one.approver] or ERASED
        one.reason = _erased(one.reason)
        session.add(one)
    session.add(row)
    if grant is None:
        return
    grant.requester, grant.revoked_by = row.requester, stand_in[grant.revoked_by]
    if grant.earlier_description is not None:
        grant.earlier_description = _erased(grant.earlier_description)
    _erase_source(grant)
    grant.droplet_addresses = ""
    session.add(grant)


def _erase_source(row: RequestRow | GrantRow) -> None:
    """Erase what people call a source, and an address; ids of Droplets, tags and apps are none."""
    row.source_name = ""
    if row.source_type == SourceType.IP_ADDR:
        row.source_value = ERASED


def _erased(text: str) -> str:
    return ERASED if text else ""
