"""request, extend, cancel: what somebody asks for, saved for others to decide."""

from bot.access.adopt import prolong_adoption
from bot.access.decide import approve_at_once, withdraw
from bot.access.limits import (
    refuse_full_cluster,
    refuse_too_many_grants,
    refuse_too_many_requests,
)
from bot.access.notifications import post_card
from bot.access.pressed_button import check_is_grant_shown, check_is_request_shown
from bot.access.reasons import given_reason
from bot.access.unit_of_work import UnitOfWork
from bot.domain.actors import Actor
from bot.domain.commands import BreakGlass, Cancel, Extend, RequestAccess
from bot.domain.durations import show_duration
from bot.domain.entitlement import check_may_benefit
from bot.domain.lifecycle import Grant, Request, RequestKind, RequestState
from bot.domain.people import Person
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Field, Refused, about
from bot.domain.refusals.clusters import OpenCluster
from bot.domain.refusals.grants import Ended, GrantedAlready, NoSuchGrant
from bot.domain.refusals.requests import (
    AskedAlready,
    ExtensionWaits,
    NoSuchRequest,
    NotToWithdraw,
    StillARequest,
)
from bot.store import clusters, grants, requests
from bot.store.audit import Action


def request(uow: UnitOfWork, command: RequestAccess, person: Person) -> Request:
    """Save a request, and enqueue the message for its approvers.

    Raises:
        Refused: the policy, the cluster or an earlier request does not allow it.
        NeedsDirectory: it is not known whether they may ask, or a written policy covers them.
    """
    with about(Field.CLUSTER):
        cluster = uow.cluster(command.cluster, person, ClusterPolicy.may_request)
        cluster.check_may_request(person)
        cluster.check_can_be_decided(requester=person.id)
    with about(Field.SOURCE):
        cluster.check_source(command.source)
        refuse_second_grant(uow, cluster, command, person)
        for pending in requests_for_the_same(uow, command, person.id):
            raise Refused(AskedAlready(number=pending.id))
    with about(Field.DURATION):
        cluster.check_duration(command.duration)
    reason = given_reason(cluster, command.reason)
    with about(Field.CLUSTER):
        refuse_unfit_cluster(uow, cluster, command.cluster)
        refuse_too_many_grants(uow, cluster, command.cluster, person)
    is_covered = cluster.written_approval(person, command.source, command.duration) is not None
    made = requests.add(
        uow.session,
        Request(
            id=requests.NEXT,
            cluster=command.cluster,
            source=command.source,
            duration=command.duration,
            requester=person.id,
            standing=person.standing,
            reason=reason,
            created_at=uow.now,
            lapses_at=uow.now + cluster.request_ttl,
            remind_at=uow.now + cluster.request_ttl / 2,
            source_name=uow.name_of(command.source),
            state=RequestState.PENDING,
        ),
        origin=uow.origin,
    )
    return _publish(uow, cluster, made, is_covered=is_covered)


def extend(uow: UnitOfWork, command: Extend, person: Person) -> Request:
    """Save a request for a later end of a live grant; it is decided like any other.

    Raises:
        Refused: no such live grant, not theirs to extend, longer than the policy allows, or no
            reason where one is required.
        NeedsDirectory: it is not known whether its holder may ask, or a written policy covers them.
    """
    grant = live_grant(uow, command.grant_id)
    check_is_grant_shown(grant, command.mark)
    cluster = uow.cluster_of(grant)
    if grant.adopted:
        return prolong_adoption(uow, cluster, grant, command, person)
    uow.check_may_touch(grant, person)
    # The requester is who benefits, whoever typed it; for a recovered grant that is not known.
    holder = person.id if grant.requester == Actor.UNKNOWN else grant.requester
    asked_by = person.id if holder != person.id else None
    duration = command.duration or cluster.usual_duration
    already = grant.expires_at - grant.approved_at
    if command.duration is None:
        duration = min(duration, max(cluster.max_duration - already, cluster.min_duration))
    with about(Field.DURATION):
        cluster.check_duration(duration, already=already)
    reason = given_reason(cluster, command.reason)
    refuse_second_extension(uow, grant)
    check_may_ask = check_may_benefit if asked_by else ClusterPolicy.check_may_request
    check_may_ask(cluster, uow.people[holder])
    cluster.check_can_be_decided(requester=holder, asked_by=asked_by)
    is_covered = (  # what one asks for oneself, where it is known who benefits
        asked_by is None
        and grant.requester != Actor.UNKNOWN
        and cluster.written_approval(person, grant.source, already + duration) is not None
    )
    lapses_at = min(uow.now + cluster.request_ttl, grant.expires_at)
    made = requests.add(
        uow.session,
        Request(
            id=requests.NEXT,
            cluster=grant.cluster,
            source=grant.source,
            duration=duration,
            requester=holder,
            standing=uow.people[holder].standing,
            asked_by=asked_by,
            reason=reason,
            created_at=uow.now,
            lapses_at=lapses_at,
            remind_at=uow.now + (lapses_at - uow.now) / 2,
            extends=grant.id,
            source_name=grant.source_name,
            state=RequestState.PENDING,
        ),
        origin=uow.origin,
    )
    return _publish(uow, cluster, made, is_covered=is_covered)


def cancel(uow: UnitOfWork, command: Cancel, person: Person) -> Request:
    """Withdraw an undecided request.

    Raises:
        Refused: no such request, decided already, or not theirs to withdraw.
    """
    found = requests.get(uow.session, command.request_id)
    if found is None:
        raise Refused(NoSuchRequest(number=command.request_id, is_own=True))
    check_is_request_shown(found, command.mark)
    uow.check_may_touch(found, person)
    if found.state is not RequestState.PENDING:
        grant = grants.get(uow.session, found.id)
        is_live = grant is not None and grant.wants_rule(uow.now)
        raise Refused(NotToWithdraw(number=found.id, state=found.state, has_access=is_live))
    return withdraw(uow, found, by=person.id, tell=found.for_themselves != (person.id,))


def live_grant(uow: UnitOfWork, grant_id: int) -> Grant:
    """Return a grant that has not been told to end.

    Raises:
        Refused: there is none of that number, or it has ended.
    """
    grant = grants.get(uow.session, grant_id)
    if grant is None:
        request = requests.get(uow.session, grant_id)
        if request is not None and request.state is RequestState.PENDING:
            raise Refused(StillARequest(number=grant_id))
        raise Refused(NoSuchGrant(number=grant_id))
    if not grant.wants_rule(uow.now):
        raise Refused(Ended(number=grant_id))
    return grant


def _publish(
    uow: UnitOfWork, cluster: ClusterPolicy, made: Request, *, is_covered: bool
) -> Request:
    """Have a written policy approve a new request that it covers, or ask the approvers.

    After somebody else revoked their access, people decide what the requester gets there next.
    """
    uow.record(
        Action.REQUESTED,
        made.cluster,
        made.id,
        actor=made.asked_by or made.requester,
        source=str(made.source),
        duration=show_duration(made.duration),
        reason=made.reason,
        **({"extends": made.extends} if made.extends else {}),
        **({"requester": made.requester} if made.asked_by else {}),
    )
    if is_covered and not uow.revoked_lately(cluster, made.requester, made.cluster):
        return approve_at_once(uow, cluster, made, by=Actor.POLICY)
    if made.asked_by is None:  # what is requested for others is limited to one for each live grant
        with about(Field.CLUSTER):
            refuse_too_many_requests(uow, cluster, made.requester, new=made.id)
    post_card(uow.session, uow.facts(made), cluster.channel, at=uow.now)
    return made


def refuse_second_grant(
    uow: UnitOfWork, cluster: ClusterPolicy, command: RequestAccess | BreakGlass, person: Person
) -> None:
    """Refuse a source from which the same person has access already; offer to extend it."""
    for grant in grants.live(
        uow.session, requester=person.id, cluster=command.cluster, source=command.source
    ):
        if not grant.wants_rule(uow.now):
            continue
        left = cluster.max_duration - (grant.expires_at - grant.approved_at)
        raise Refused(
            GrantedAlready(
                cluster=command.cluster,
                source=str(command.source),
                number=grant.id,
                more=min(command.duration, left) if left >= cluster.min_duration else None,
                longest=cluster.max_duration,
            )
        )


def refuse_second_extension(uow: UnitOfWork, grant: Grant) -> None:
    """Refuse an extension of a grant for which one waits already."""
    for earlier in requests.pending(uow.session, extends=grant.id):
        raise Refused(ExtensionWaits(number=grant.id, waiting=earlier.id))


def requests_for_the_same(
    uow: UnitOfWork, wanted: RequestAccess | BreakGlass | Grant, requester: str
) -> list[Request]:
    """Return somebody's undecided requests for exactly the same access."""
    return [
        pending
        for pending in requests.pending(
            uow.session, requester=requester, cluster=wanted.cluster, source=wanted.source
        )
        if pending.extends is None and pending.kind is not RequestKind.ADOPTION
    ]


def refuse_unfit_cluster(
    uow: UnitOfWork, cluster: ClusterPolicy, alias: str, *, emergency: bool = False
) -> None:
    """Refuse a request if the cluster was open or full when it was last read (P2)."""
    watch = clusters.get(uow.session, str(cluster.id))
    last_read = watch.read_at if watch else None
    if watch is None or last_read is None or uow.now - last_read > uow.policy.scheduler.drift:
        clusters.mark_due(uow.session, str(cluster.id), alias, uow.now)  # the read will tell
    elif watch.rule_count == 0 and not cluster.allow_open:
        raise Refused(OpenCluster(cluster=alias))
    elif watch.rule_count is not None:
        refuse_full_cluster(uow, cluster, alias, watch.rule_count, emergency=emergency)
