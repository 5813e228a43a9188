"""Questions: what Slack's directory must say before a wish can be carried out (P4)."""

from dataclasses import dataclass

from sqlmodel import Session

from bot.domain.lifecycle import Grant, Request
from bot.domain.people import Person, Standing, groups_in_question
from bot.domain.policy import ClusterPolicy, Policy
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
            return _before_asking(cluster, wish, user_id) if cluster else None
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
    if not is_adopted and (subject is None or subject.requester == user_id):
        if isinstance(wish, Extend) and subject and policy.clusters.get(subject.cluster):
            asked = AskFor(
                cluster=subject.cluster,
                source=subject.source,
                duration=wish.duration or policy.cluster(subject.cluster).usual_duration,
            )
            return _before_asking(policy.cluster(subject.cluster), asked, user_id, asking=False)
        return None
    return _as_approver(policy, subject, user_id)


def _as_approver(policy: Policy, subject: Request | Grant | None, user_id: str) -> Question | None:
    cluster = policy.clusters.get(subject.cluster) if subject else None
    return Question(groups_in_question(user_id, cluster.approvers)) if cluster else None


def _before_breaking_glass(cluster: ClusterPolicy | None, user_id: str) -> Question | None:
    if cluster is None or cluster.emergency is None:
        return None
    return Question(groups_in_question(user_id, cluster.emergency.requesters))


def _before_asking(
    cluster: ClusterPolicy, wish: AskFor, user_id: str, *, asking: bool = True
) -> Question | None:
    """Ask for group members only where groups may ask, or a written policy might approve."""
    groups = groups_in_question(user_id, cluster.requesters) if asking else frozenset()
    needs_standing = False
    for approval in cluster.auto_approve:
        named = frozenset(name for name in approval.requesters if name.startswith("S"))
        at_best = Person(user_id, Standing.MEMBER, named)
        if approval.covers(at_best, wish.source, wish.duration):
            needs_standing = True
            groups |= groups_in_question(user_id, approval.requesters)
    return Question(groups) if groups or needs_standing else None
