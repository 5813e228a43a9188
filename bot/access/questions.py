"""Questions: what Slack's directory must say of who acts before it can be decided (P4).

What must be known of others turns out in the transaction: it raises `NeedsDirectory`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from sqlmodel import Session

from bot.domain.commands import (
    Adopt,
    BreakGlass,
    Cancel,
    Command,
    Decide,
    Extend,
    PutBack,
    RequestAccess,
    Review,
    Revoke,
)
from bot.domain.lifecycle import Grant, Request
from bot.domain.people import Person, Standing, groups_in_question
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.sources import TrustedSource
from bot.store import grants, requests


@dataclass(frozen=True)
class Question:
    """Who is it to the workspace, and in which of these user groups are they?"""

    groups: frozenset[str] = frozenset()


def question_of(
    session: Session, policy: Policy, command: Command, user_id: str
) -> Question | None:
    """Return what must be asked before somebody's wish; None where nothing has to be.

    What somebody is to the workspace always has to be, but for ending what is their own (P4).
    """
    match command:
        case RequestAccess():
            return _about(policy, command, user_id, _before_asking)
        case BreakGlass():
            return _about(policy, command, user_id, _before_breaking_glass)
        case Adopt():
            return _about(policy, command, user_id, _before_adopting)
        case Decide() | Review():
            subject: Request | Grant | None = requests.get(session, command.request_id)
            return _as_approver(policy, subject, user_id)
        case Cancel():
            subject = requests.get(session, command.request_id)
        case Extend() | Revoke() | PutBack():
            subject = grants.get(session, command.grant_id)
    is_adopted = isinstance(subject, Grant) and subject.adopted and isinstance(command, Extend)
    if subject is None or user_id not in _owners(subject) or is_adopted:
        return _as_approver(policy, subject, user_id)
    if isinstance(command, Revoke | Cancel):
        return None  # whoever ends or cancels what is their own gains nothing by it
    return Question()


def _owners(subject: Request | Grant) -> tuple[str, ...]:
    return subject.for_themselves if isinstance(subject, Request) else (subject.requester,)


def _as_approver(policy: Policy, subject: Request | Grant | None, user_id: str) -> Question:
    cluster = policy.clusters.get(subject.cluster) if subject else None
    return Question(groups_in_question(user_id, cluster.approvers) if cluster else frozenset())


_OnCluster = TypeVar("_OnCluster", RequestAccess, BreakGlass, Adopt)


def _about(
    policy: Policy,
    command: _OnCluster,
    user_id: str,
    groups: Callable[[ClusterPolicy, _OnCluster, str], frozenset[str]],
) -> Question:
    """Ask for the *groups* that the cluster wants to know; of none, for what they may see."""
    cluster = policy.clusters.get(command.cluster)
    if cluster is None:
        return Question(policy.groups_in_question(user_id))
    return Question(groups(cluster, command, user_id))


def _before_adopting(cluster: ClusterPolicy, _wish: Adopt, user_id: str) -> frozenset[str]:
    return groups_in_question(user_id, cluster.approvers)


def _before_breaking_glass(
    cluster: ClusterPolicy, _wish: BreakGlass, user_id: str
) -> frozenset[str]:
    return groups_in_question(user_id, cluster.emergency.requesters if cluster.emergency else ())


def _before_asking(cluster: ClusterPolicy, command: RequestAccess, user_id: str) -> frozenset[str]:
    return before_asking(cluster, user_id, command.source, command.duration)


def before_asking(
    cluster: ClusterPolicy, user_id: str, source: TrustedSource, lasting: timedelta
) -> frozenset[str]:
    """Return the groups to ask about: where groups may ask, or a written policy might approve."""
    groups = groups_in_question(user_id, cluster.requesters)
    for approval in cluster.auto_approve:
        named = frozenset(name for name in approval.requesters if name.startswith("S"))
        at_best = Person(user_id, Standing.MEMBER, named)
        if approval.covers(at_best, source, lasting):
            groups |= groups_in_question(user_id, approval.requesters)
    return groups
