"""Put it back: a grant whose rule was removed outside dbaccess goes on, as it was approved."""

from dataclasses import replace

from bot.access.approval import begin
from bot.access.cancel import withdraw
from bot.access.notifications import post_card, show_put_back
from bot.access.pressed_button import check_is_grant_shown
from bot.access.request_access import refuse_unfit_cluster, requests_for_the_same
from bot.access.unit_of_work import UnitOfWork
from bot.domain.audit_actions import Action
from bot.domain.commands import PutBack
from bot.domain.entitlement import check_still_holds, concerned
from bot.domain.lifecycle import Grant, Request, RequestKind, RequestState
from bot.domain.notices import GrantPutBack
from bot.domain.people import Person
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Refused
from bot.domain.refusals.clusters import AnotherCluster
from bot.domain.refusals.grants import (
    NoSuchGrant,
    NotRemovedOutside,
    PutBackAlready,
    Recovered,
    RevokedSince,
    StillGranted,
    TimeIsOver,
)
from bot.store import grants, requests


def put_back(uow: UnitOfWork, command: PutBack, person: Person) -> Request:
    """Let a grant go on under a new number, until the time that it was approved for (P3, P4).

    A grant ends exactly once; so what goes on is a new one, with the approvals of the first, if all
    of it would still be approved now. An undecided request of its holder for the same access is
    withdrawn: it is no longer needed.

    Raises:
        Refused: no such grant, not theirs, not removed outside, its time is up, put back already,
            or the policy or the cluster does not allow it.
        NeedsDirectory: it is not known whether those whom it concerns still have their rights.
    """
    grant, earlier = _removed_outside(uow, command.grant_id)
    check_is_grant_shown(grant, command.mark)
    uow.check_may_touch(grant, person)
    _refuse_second_time(uow, grant)
    cluster = _cluster_of(uow, grant)
    behind = requests.behind(uow.session, grant.id)
    check_still_holds(cluster, behind, uow.people)
    revoked = uow.revoked_lately(cluster, grant.requester, grant.cluster)
    if revoked is not None and (revoked.removing_since or uow.now) >= grant.approved_at:
        raise Refused(RevokedSince(cluster=grant.cluster, revoked=revoked.id, number=grant.id))
    _withdraw_requests_for_the_same(uow, grant)
    made = requests.add(
        uow.session,
        Request(
            id=requests.NEXT,
            kind=RequestKind.PUT_BACK,
            cluster=grant.cluster,
            source=grant.source,
            source_name=grant.source_name,
            duration=grant.expires_at - uow.now,
            requester=grant.requester,
            standing=earlier.standing,
            reason=earlier.reason,
            created_at=uow.now,
            lapses_at=grant.expires_at,
            puts_back=grant.id,
            state=RequestState.PENDING,
        ),
        origin=uow.origin,
    )
    approved = made.approve_as(earlier, uow.now)
    approved = replace(approved, concerned=concerned(behind, uow.people))
    requests.save(uow.session, approved)
    uow.record(Action.PUT_BACK, approved.cluster, approved.id, actor=person.id, puts_back=grant.id)
    begin(uow, grant.put_back(approved.id), approved)
    facts = uow.facts(approved)
    post_card(uow.session, facts, cluster.channel, at=uow.now)
    told = GrantPutBack(request=facts, by=person.id)
    show_put_back(uow.session, told, grant, at=uow.now)
    return approved


def _removed_outside(uow: UnitOfWork, number: int) -> tuple[Grant, Request]:
    grant, request = grants.get(uow.session, number), requests.get(uow.session, number)
    if grant is None or request is None:
        raise Refused(NoSuchGrant(number=number))
    if grant.is_recovered:
        raise Refused(Recovered(number=number))
    if not grant.was_removed_outside:
        raise Refused(NotRemovedOutside(number=number))
    if uow.now >= grant.expires_at:
        raise Refused(TimeIsOver(number=number))
    return grant, request


def _refuse_second_time(uow: UnitOfWork, grant: Grant) -> None:
    put_back_as = requests.putting_back(uow.session, grant.id)
    if put_back_as is not None:
        raise Refused(PutBackAlready(number=grant.id, put_back_as=put_back_as.id))
    for other in grants.live(
        uow.session, requester=grant.requester, cluster=grant.cluster, source=grant.source
    ):
        if other.wants_rule(uow.now):
            raise Refused(StillGranted(number=other.id, left=other.expires_at - uow.now))


def _cluster_of(uow: UnitOfWork, grant: Grant) -> ClusterPolicy:
    """Return what holds for the cluster now."""
    cluster = uow.cluster_of(grant)
    if str(cluster.id) != grant.cluster_id:
        raise Refused(AnotherCluster(cluster=grant.cluster, number=grant.id))
    refuse_unfit_cluster(uow, cluster, grant.cluster)
    return cluster


def _withdraw_requests_for_the_same(uow: UnitOfWork, grant: Grant) -> None:
    """Withdraw what need not be decided any more."""
    for pending in requests_for_the_same(uow, grant, grant.requester):
        withdraw(uow, pending, by=grant.requester, tell=True)
