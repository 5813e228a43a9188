"""adopt: an expiry for a rule that somebody once added by hand, so that it is removed by itself.

That ends access which other people may depend on, so it takes as many approvers as a request (P4);
the approver who asks for it is the first. What only keeps a rule for longer takes one approver:
more time, or no expiry any more (`revoke`, which leaves the rule as it was found).
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.access.approval import approve_at_once, approve_first
from bot.access.limits import refuse_too_many_requests
from bot.access.request_access import asked_for, given_reason, typed_end
from bot.access.unit_of_work import UnitOfWork
from bot.domain.audit_actions import Action
from bot.domain.commands import Adopt, Extend
from bot.domain.durations import show_duration
from bot.domain.lifecycle import Grant, Request, RequestKind, RequestState
from bot.domain.marks import request_mark
from bot.domain.people import Person
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Field, Refused, about
from bot.domain.refusals.clusters import NoSuchRule
from bot.domain.refusals.requests import AdoptionWaits
from bot.domain.refusals.sources import ExpiresAlready, IsGuardRule
from bot.domain.sources import GUARD, TrustedSource
from bot.store import clusters, grants, requests

_USUAL_EXTENSION = timedelta(days=1)


def adopt(uow: UnitOfWork, command: Adopt, person: Person) -> Request:
    """Request an expiry for a foreign rule; the requester's own approval is the first.

    The cluster is read at once to see whether the rule is there; if it is not, the request is
    denied, or the grant fails, and nothing is added.

    Raises:
        Refused: not an approver, too short or too long, no reason where one is required, or no rule
            that can be adopted.
    """
    cluster = uow.cluster(command.cluster, person, ClusterPolicy.may_approve)
    cluster.check_may_adopt(person)
    check_adoptable(uow, command.cluster, command.source)
    _refuse_second_request(uow, command)
    with about(Field.DURATION):
        cluster.check_adoption(command.duration)
    reason = given_reason(cluster, command.reason)
    _refuse_without_rules(uow, cluster, command.cluster)
    if cluster.approvals > 1:
        refuse_too_many_requests(uow, cluster, person.id)
    asked = asked_for(uow, command, person, reason=reason, lapses_after=cluster.request_ttl)
    asked = replace(asked, kind=RequestKind.ADOPTION, remind_at=uow.now + cluster.request_ttl / 2)
    made = requests.add(uow.session, asked, origin=uow.origin)
    _record(uow, made)
    clusters.mark_due(uow.session, str(cluster.id), command.cluster, uow.now)
    return approve_first(uow, cluster, made, by=person.id)


def prolong_adoption(
    uow: UnitOfWork, cluster: ClusterPolicy, grant: Grant, command: Extend, person: Person
) -> Request:
    """Give an adopted rule more time; one approver is enough to keep a rule for longer.

    Raises:
        Refused: not an approver, longer than a rule may have, or no reason where one is required.
    """
    cluster.check_may_adopt(person)
    longer = command.duration or _USUAL_EXTENSION
    with about(Field.DURATION):
        cluster.check_adoption(grant.expires_at + longer - uow.now)
    made = requests.add(
        uow.session,
        Request(
            id=requests.NEXT,
            kind=RequestKind.ADOPTION,
            cluster=grant.cluster,
            source=grant.source,
            source_name=grant.source_name,
            duration=longer,
            requester=person.id,
            standing=person.standing,
            reason=given_reason(cluster, command.reason),
            created_at=uow.now,
            lapses_at=uow.now + longer,
            extends=grant.id,
            state=RequestState.PENDING,
        ),
        origin=uow.origin,
    )
    _record(uow, made, extends=grant.id)
    return approve_at_once(uow, cluster, made, by=person.id)


def check_adoptable(uow: UnitOfWork, cluster: str, source: TrustedSource) -> None:
    """Refuse a rule that is removed by itself anyway: the guard rule, or one of a live grant.

    Whether there is a rule at all shows when the cluster is read.
    """
    if source == GUARD:
        raise Refused(IsGuardRule(source=str(GUARD)))
    for grant in grants.live(uow.session, cluster=cluster, source=source):
        if grant.owned is not False and grant.wants_rule(uow.now):
            raise Refused(ExpiresAlready(source=str(source), number=grant.id))


def _refuse_without_rules(uow: UnitOfWork, cluster: ClusterPolicy, alias: str) -> None:
    watch = clusters.get(uow.session, str(cluster.id))
    if watch is None or watch.read_at is None or watch.rule_count != 0:
        return
    if uow.now - watch.read_at <= uow.policy.scheduler.drift:
        raise Refused(NoSuchRule(cluster=alias))


def _refuse_second_request(uow: UnitOfWork, command: Adopt) -> None:
    for pending in requests.pending(
        uow.session, cluster=command.cluster, source=command.source, kind=RequestKind.ADOPTION
    ):
        mark = request_mark(pending.created_at)
        raise Refused(AdoptionWaits(source=str(command.source), number=pending.id, mark=mark))


def _record(uow: UnitOfWork, made: Request, **detail: Any) -> None:
    uow.record(
        Action.ADOPTION_REQUESTED,
        made.cluster,
        made.id,
        actor=made.requester,
        source=str(made.source),
        duration=show_duration(made.duration),
        **typed_end(made),
        reason=made.reason,
        **detail,
    )
