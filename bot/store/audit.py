"""The audit: what happened, in the same transaction as what it tells of, chained row by row."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from bot.domain.chain import GENESIS, Link, Verdict, digest_of, verify
from bot.domain.sources import SourceType, TrustedSource
from bot.store.database import at_the_end
from bot.store.tables import AuditRow, RequestRow

_OWED = "audit"
_LOCK_CHAIN = text("SELECT pg_advisory_xact_lock(hashtextextended('dbaccess audit', 0))")
_AT_ONCE = 1000


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
    ADOPTION_REQUESTED = "adoption.requested"
    ADOPTED = "rule.adopted"  # it bears our label from now on
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
    """Add one row when the transaction ends. `detail` holds plain values, never a secret."""
    owed = session.info.setdefault(_OWED, [])
    if not owed:
        at_the_end(session, _seal)
    owed.append(
        AuditRow(
            at=at,
            action=action,
            actor=actor,
            cluster=cluster,
            request_id=request_id,
            detail=detail,
        )
    )


def rows(
    session: Session,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    cluster: str | None = None,
    person: str | None = None,
    source: TrustedSource | None = None,
    actions: Collection[Action] | None = None,
) -> Iterator[AuditRow]:
    """Yield the rows that all of the filters let through, the oldest first.

    Args:
        since: from this time on.
        until: before this time.
        cluster: about this one, by its alias.
        person: what they did, and what became of what they asked for.
        source: about requests and grants for it, and writes that added or removed its rule.
        actions: these only.
    """
    query = select(AuditRow, RequestRow).join(
        RequestRow, col(RequestRow.id) == col(AuditRow.request_id), isouter=True
    )
    if actions is not None:
        query = query.where(col(AuditRow.action).in_(actions))
    if since is not None:
        query = query.where(AuditRow.at >= since)
    if until is not None:
        query = query.where(AuditRow.at < until)
    if cluster is not None:
        query = query.where(AuditRow.cluster == cluster)
    query = query.order_by(col(AuditRow.id)).execution_options(yield_per=_AT_ONCE)
    with session.exec(query) as found:
        for row, joined in found:
            request: RequestRow | None = joined
            concerns = {row.actor, request.requester if request else None}
            if person is not None and person not in concerns:
                continue
            if source is None or str(source) in _sources(row, request):
                yield row


def verify_chain(session: Session) -> Verdict:
    """Follow the chain from the first row to the first that is broken."""
    query = select(AuditRow).order_by(col(AuditRow.id)).execution_options(yield_per=_AT_ONCE)
    with session.exec(query) as found:
        return verify(Link(row.id or 0, _facts(row), row.digest) for row in found)


def head(session: Session) -> str:
    """Return the digest of the newest row."""
    newest = select(AuditRow.digest).order_by(col(AuditRow.id).desc()).limit(1)
    return session.exec(newest).first() or GENESIS


def holds(session: Session, digest: str) -> bool:
    """Tell whether a row carries this digest."""
    return session.exec(select(AuditRow.id).where(AuditRow.digest == digest)).first() is not None


def _seal(session: Session) -> None:
    """Chain the rows that are owed to those before, one transaction at a time.

    It comes last in a transaction, so that nobody waits for another row while holding the lock; on
    SQLite there is one writer at a time as it is.
    """
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_LOCK_CHAIN)
    newest = head(session)
    for row in session.info.pop(_OWED):
        row.digest = newest = digest_of(newest, _facts(row))
        session.add(row)
        session.flush()  # one by one: the numbers must be in the order of the chain


def _facts(row: AuditRow) -> dict[str, Any]:
    """Return what the digest of a row vouches for: all but its number, which its place tells."""
    return {
        "at": row.at.astimezone(UTC).isoformat(),
        "action": row.action,
        "actor": row.actor,
        "cluster": row.cluster,
        "request_id": row.request_id,
        "detail": row.detail,
    }


def _source(request: RequestRow) -> str:
    return str(TrustedSource(SourceType(request.source_type), request.source_value))


def _sources(row: AuditRow, request: RequestRow | None) -> set[str]:
    own = {_source(request)} if request else set()
    written = (row.detail.get(key) for key in ("added", "removed"))
    return own.union(*(names for names in written if names))
