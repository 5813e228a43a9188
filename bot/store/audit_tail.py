"""What has happened since the last look, read from the newest rows of the audit.

The audit's numbers are in the order in which its transactions became visible, so a reader that
remembers the last number it saw misses nothing.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from bot.domain.audit_actions import Action
from bot.domain.lifecycle import EndReason
from bot.store.audit_entries import entry
from bot.store.tables import AuditRow, GrantRow


@dataclass(frozen=True)
class Mark:
    """How far the audit was read: that row's number and digest; number 0 for an empty audit."""

    number: int = 0
    digest: str = ""


@dataclass(frozen=True)
class AuditTail:
    """What the rows after a mark say: how often each action on each cluster, and late ends.

    `sessions` counts those that were open at an end, by the cluster: `closed`, or `refused`, since
    only a superuser may end them.
    """

    actions: Counter[tuple[str, str]]  # (action, cluster)
    sessions: Counter[tuple[str, str]]  # (cluster, outcome)
    lateness: list[timedelta]  # of each grant that ran out: how long after its time it had ended


def newest(session: Session) -> Mark:
    """Return the mark of the newest row."""
    query = select(AuditRow.id, AuditRow.digest).order_by(col(AuditRow.id).desc()).limit(1)
    found = session.exec(query).first()
    return Mark(found[0] or 0, found[1]) if found else Mark()


def stands(session: Session, mark: Mark) -> bool:
    """Tell whether the row that was read last is still there, and still the same."""
    query = select(AuditRow.digest).where(AuditRow.id == mark.number)
    return not mark.number or session.exec(query).first() == mark.digest


def length(session: Session) -> int:
    """Return how many rows there are; slow, for each is looked at."""
    return session.exec(select(func.count()).select_from(AuditRow)).one()


def between(session: Session, after: Mark, to: Mark) -> AuditTail:
    """Return what the rows behind *after* tell, up to *to*."""
    new = (col(AuditRow.id) > after.number, col(AuditRow.id) <= to.number)
    counted = select(AuditRow.action, AuditRow.cluster, func.count()).where(*new)
    counted = counted.group_by(col(AuditRow.action), col(AuditRow.cluster))
    ended = (
        select(GrantRow.expires_at, GrantRow.ended_at)
        .join(AuditRow, col(AuditRow.request_id) == col(GrantRow.id))
        .where(*new, AuditRow.action == Action.ENDED, GrantRow.end_reason == EndReason.EXPIRED)
    )
    return AuditTail(
        actions=Counter({(action, cluster): n for action, cluster, n in session.exec(counted)}),
        sessions=_sessions(session, new),
        lateness=[
            ended_at - expires_at
            for expires_at, ended_at in session.exec(ended)
            if ended_at is not None
        ],
    )


def _sessions(session: Session, new: tuple[ColumnElement[bool], ...]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    rows = session.exec(select(AuditRow).where(*new, AuditRow.action == Action.SESSIONS_ENDED))
    for row in map(entry, rows):
        found[row.cluster, "closed"] += row.detail["count"]
        found[row.cluster, "refused"] += len(row.detail.get("refused", ()))
    return found
