"""Facts that the tests of the messages speak about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.lifecycle import (
    Decision,
    EndReason,
    Grant,
    GrantState,
    RequestKind,
    RequestState,
    Verdict,
)
from bot.domain.notices import RequestFacts
from bot.domain.people import Standing
from bot.domain.policy import ClusterPolicy
from bot.domain.sources import SourceType, TrustedSource
from bot.slack.messages import SourceLine

NOW = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

HOME = TrustedSource(SourceType.IP_ADDR, "203.0.113.4")
OFFICE = TrustedSource(SourceType.IP_ADDR, "198.51.100.0/24")
WORKER = TrustedSource(SourceType.DROPLET, "163973392")
BOB, ALICE, DAVE, ADMINS = "U0BOB", "U0ALICE", "U0DAVE", "S0DBADMINS"
MACHINE = "github:repo:acme/shop:ref:refs/heads/main"
REASON = "fix invoice 88 & close #12"


def request(state: RequestState = RequestState.PENDING, **changes: Any) -> RequestFacts:
    """Return Bob's request for two hours, decided or not."""
    facts: dict[str, Any] = {
        "id": 17,
        "cluster": "orders",
        "source": HOME,
        "duration": 2 * HOUR,
        "requester": BOB,
        "state": state,
        "created_at": NOW,
        "lapses_at": NOW + 4 * HOUR,
        "reason": REASON,
        "approvals_needed": 1,
        "may_decide": (ALICE, ADMINS),
        "shortest": MINUTE,
        "longest": 8 * HOUR,
        "decided_at": None if state is RequestState.PENDING else NOW + 5 * MINUTE,
    }
    return RequestFacts(**_with_decisions(facts | changes))


def _with_decisions(facts: dict[str, Any]) -> dict[str, Any]:
    """Put who approved (for how long at most, with which comment), who denied into decisions."""
    at, at_most = facts["decided_at"] or NOW, facts.pop("at_most", None)
    comment = facts.pop("comment", "")
    approvals = [
        Decision(approver, Verdict.APPROVE, at, comment, at_most=at_most)
        for approver in facts.pop("approvers", ())
    ]
    why, denied_by = facts.pop("denial_reason", ""), facts.pop("denied_by", None)
    denials = [Decision(denied_by, Verdict.DENY, at, why)] if denied_by else []
    if extended := facts.get("extended"):
        facts["extends"] = extended.id
    return {**facts, "decisions": (*approvals, *denials)}


def extension(state: RequestState = RequestState.PENDING, **changes: Any) -> RequestFacts:
    """Return Bob's request for an hour more of grant 17."""
    facts: dict[str, Any] = {"id": 21, "duration": HOUR, "reason": "", "extended": grant()}
    return request(state, **(facts | changes))


def grant(state: GrantState = GrantState.ACTIVE, **changes: Any) -> Grant:
    """Return Bob's grant of two hours."""
    facts: dict[str, Any] = {
        "id": 17,
        "cluster": "orders",
        "source": HOME,
        "requester": BOB,
        "state": state,
        "cluster_id": "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30",
        "approved_at": NOW,
        "expires_at": NOW + 2 * HOUR,
        "owned": True,
    }
    return Grant(**(facts | changes))


def emergency(**changes: Any) -> RequestFacts:
    """Return the half hour that Bob gave himself."""
    facts: dict[str, Any] = {
        "kind": RequestKind.EMERGENCY,
        "duration": HOUR / 2,
        "approvers": ("emergency",),
        "remind_every": 4 * HOUR,
    }
    return request(RequestState.APPROVED, **(facts | changes))


def of_machine(became: Grant | None, **changes: Any) -> RequestFacts:
    """Return the twenty minutes that a job of GitHub's got by the written policy."""
    facts: dict[str, Any] = {
        "requester": MACHINE,
        "duration": HOUR / 3,
        "reason": "",
        "approvers": ("policy",),
        "standing": Standing.MACHINE,
        "details": (("workflow", "deploy"), ("run_url", "https://github.com/acme/shop/runs/812")),
        "access": became,
    }
    return request(RequestState.APPROVED, **(facts | changes))


def machines(state: GrantState = GrantState.ACTIVE, **changes: Any) -> Grant:
    """Return what that job has."""
    facts: dict[str, Any] = {"requester": MACHINE, "expires_at": NOW + HOUR / 3}
    return grant(state, **(facts | changes))


def adoption(state: RequestState = RequestState.APPROVED, **changes: Any) -> RequestFacts:
    """Return Alice's expiry of a week on a rule that somebody once added by hand."""
    facts: dict[str, Any] = {
        "kind": RequestKind.ADOPTION,
        "source": OFFICE,
        "requester": ALICE,
        "duration": 168 * HOUR,
        "reason": "",
        "approvers": (ALICE,),
    }
    return request(state, **(facts | changes))


def put_back(**changes: Any) -> RequestFacts:
    """Return what is left of Bob's access that somebody took away."""
    facts: dict[str, Any] = {
        "kind": RequestKind.PUT_BACK,
        "id": 18,
        "puts_back": 17,
        "duration": HOUR / 2,
        "approvers": (ALICE,),
    }
    return request(RequestState.APPROVED, **(facts | changes))


def adopted(state: GrantState = GrantState.ACTIVE, **changes: Any) -> Grant:
    """Return the grant of `adoption`."""
    facts: dict[str, Any] = {
        "source": OFFICE,
        "requester": ALICE,
        "adopted": True,
        "expires_at": NOW + 168 * HOUR,
    }
    return grant(state, **(facts | changes))


def ended(reason: EndReason, **changes: Any) -> Grant:
    """Return Bob's grant when it is over."""
    end = {"end_reason": reason, "ended_at": NOW + 2 * HOUR}
    return grant(GrantState.ENDED, **(end | changes))


def source_line(**changes: Any) -> SourceLine:
    """Return a rule that somebody added by hand."""
    facts: dict[str, Any] = {
        "source": "198.51.100.0/24",
        "description": "office",
        "created_at": NOW - 1000 * HOUR,
        "grant": None,
        "is_guard": False,
    }
    return SourceLine(**(facts | changes))


def policy(**changes: Any) -> ClusterPolicy:
    """Return a cluster's policy as `dbaccess.toml` has it."""
    facts: dict[str, Any] = {
        "id": "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30",
        "channel": "C0APPROVALS",
        "approvers": [ALICE, ADMINS],
    }
    return ClusterPolicy.model_validate(facts | changes)
