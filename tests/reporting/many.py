"""A database with as many grants as one wishes, of invented people, without living through them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from bot.domain.audit_actions import Action
from bot.domain.lifecycle import EndReason, GrantState, RequestKind, RequestState, Verdict
from bot.store.database import Database
from bot.store.tables import AuditRow, DecisionRow, GrantRow, RequestRow

_CLUSTERS = {"orders": "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30", "analytics": "1b2f7a90"}


def lend(database: Database, count: int, *, since: datetime, days: int, people: int) -> None:
    """Write *count* grants down, spread evenly over *days*, of two hours each."""
    rows = [_lent(number, count, since, days, people) for number in range(1, count + 1)]
    with database.engine.begin() as connection:
        for table, which in ((RequestRow, 0), (GrantRow, 1), (DecisionRow, 2), (AuditRow, 3)):
            connection.execute(insert(table), [row[which] for row in rows])


def _lent(
    number: int, count: int, since: datetime, days: int, people: int
) -> tuple[dict[str, Any], ...]:
    at = since + timedelta(days=days) * number / (count + 1)
    until = at + timedelta(hours=2)
    alias = list(_CLUSTERS)[number % 2]
    emergency = number % 37 == 0
    what = {
        "id": number,
        "cluster": alias,
        "source_type": "ip_addr",
        "source_value": f"203.0.113.{number % 250}",
        "requester": f"U{number * 7 % people:05}",
    }
    request = {
        **what,
        "kind": RequestKind.EMERGENCY if emergency else RequestKind.ACCESS,
        "duration_seconds": 7200,
        "reason": f"ticket {number}",
        "state": RequestState.APPROVED,
        "created_at": at - timedelta(minutes=number % 60),
        "lapses_at": until,
        "decided_at": at,
    }
    grant = {
        **what,
        "cluster_id": _CLUSTERS[alias],
        "state": GrantState.ENDED,
        "approved_at": at,
        "expires_at": until,
        "owned": True,
        "ended_at": until + timedelta(seconds=2),
        "end_reason": EndReason.EXPIRED,
    }
    decision = {
        "request_id": number,
        "approver": "emergency" if emergency else "U0ALICE",
        "verdict": Verdict.APPROVE,
        "at": at,
        "reason": "",
    }
    noted = {
        "at": at + timedelta(seconds=1),
        "action": Action.APPLIED,
        "actor": "dbaccess",
        "cluster": alias,
        "request_id": number,
        "detail": {},
        "digest": "",
    }
    return request, grant, decision, noted
