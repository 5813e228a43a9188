"""The audit: what happened, in the same transaction as what it tells of."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from bot.store.tables import AuditRow


class Action(StrEnum):
    """What can happen."""

    REQUESTED = "request.made"
    APPROVED = "request.approved"  # one approver's word; the last one also grants
    DENIED = "request.denied"
    CANCELLED = "request.cancelled"
    LAPSED = "request.lapsed"
    REFUSED = "decision.refused"  # somebody without the right tried to decide
    REMINDED = "request.reminded"
    BROKE_GLASS = "emergency.opened"
    REVIEWED = "emergency.reviewed"
    ADOPTED = "rule.adopted"
    GRANTED = "grant.approved"
    APPLIED = "grant.applied"
    EXTENDED = "grant.extended"
    WARNED = "grant.warned"
    ENDING = "grant.ending"
    ENDED = "grant.ended"
    REWRITTEN = "grant.rewritten"
    PUT_BACK = "grant.put_back"
    RECOVERED = "grant.recovered"
    RULES_WRITTEN = "cluster.rules_written"
    ATTEMPT_LOST = "cluster.attempt_lost"  # killed; its write, if there was one, is told of nowhere
    GUARD_PLACED = "cluster.guard_placed"
    ALARMED = "cluster.alarmed"
    ALL_CLEAR = "cluster.all_clear"
    UNDELIVERED = "message.undelivered"


SYSTEM = "dbaccess"


def record(
    session: Session,
    action: Action,
    *,
    at: datetime,
    actor: str = SYSTEM,
    cluster: str = "",
    request_id: int | None = None,
    **detail: Any,
) -> None:
    """Add one row. `detail` holds plain values for the reader, never a secret."""
    session.add(
        AuditRow(
            at=at,
            action=action,
            actor=actor,
            cluster=cluster,
            request_id=request_id,
            detail=detail,
        )
    )


def rows(session: Session, *, since: datetime | None = None) -> list[AuditRow]:
    """Return the rows since a time, the oldest first."""
    query = select(AuditRow)
    if since is not None:
        query = query.where(AuditRow.at >= since)
    return list(session.exec(query.order_by(col(AuditRow.id))))
