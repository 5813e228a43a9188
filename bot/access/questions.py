"""Questions: what Slack's directory must say of who acts before it can be decided (P4).

What must be known of others turns out in the transaction: it raises `NeedsDirectory`.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from bot.domain.lifecycle import Grant, Request
from bot.domain.people import Person, Standing, groups_in_question
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.sources import TrustedSource
from bot.domain.wishes import (
    Adopt,
    AskFor,
    BreakGlass,
    Cancel,
    Decide,
    Extend,
    PutBack,
    Review,
    Revoke,
    Wish,
)
from bot.store import grants, requests


@dataclass(frozen=True)
class Question:
    """Who is it to the workspace, and in which of these user groups are they?"""

    groups: frozenset[str] = frozenset()


def question_of(session: Session, policy: Policy, wish: Wish, user_id: str) -> Question | None:
    """Return what must be asked before somebody's wish; None where nothing has to be."""
    match wish:
        case AskFor():
            cluster = policy.clusters.get(wish.cluster)
            if cluster is None:
                return None
            return before_asking(cluster, user_id, wish.source, wish.duration)
        case BreakGlass():
            return _before_breaking_glass(policy.clusters.get(wish.cluster), user_id)
        case Adopt():
            cluster = policy.clusters.get(wish.cluster)
            return Question(groups_in_question(user_id, cluster.approvers)) if cluster else None
        case Decide() | Review():
            subject: Request | Grant | None = requests.get(session, wish.request_id)
            return _as_approver(policy, subject, user_id)
        case Cancel():
            subject = requests.get(session, wish.request_id)
        case Extend() | Revoke() | PutBack():
            subject = grants.get(session, wish.grant_id)
    is_adopted = isinstance(subject, Grant) and subject.adopted and isinstance(wish, Extend)
    if not is_adopted and (subject is None or user_id in _owners(subject)):
        return None
    return _as_approver(policy, subject, user_id)


def _owners(subject: Request | Grant) -> tuple[str, ...]:
    return subject.for_themselves if isinstance(subject, Request) else (subject.requester,)


def _as_approver(policy: Policy, subject: Request | Grant | None, user_id: str) -> Question | None:
    cluster = policy.clusters.get(subject.cluster) if subject else None
    return Question(groups_in_question(user_id, cluster.approvers)) if cluster else None


def _before_breaking_glass(cluster: ClusterPolicy | None, user_id: str) -> Question | None:
    if cluster is None or cluster.emergency is None:
        return None
    return Question(groups_in_question(user_id, cluster.emergency.requesters))


def before_asking(
    cluster: ClusterPolicy, user_id: str, source: TrustedSource, lasting: timedelta
) -> Question | None:
    """Ask for group members only where groups may ask, or a written policy might approve."""
    groups = groups_in_question(user_id, cluster.requesters)
    needs_standing = False
    for approval in cluster.auto_approve:
        named = frozenset(name for name in approval.requesters if name.startswith("S"))
        at_best = Person(user_id, Standing.MEMBER, named)
        if approval.covers(at_best, source, lasting):
            needs_standing = True
            groups |= groups_in_question(user_id, approval.requesters)
    return Question(groups) if groups or needs_standing else None
