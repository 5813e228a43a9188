"""Limits: how much one person may have at once, and what a cluster has room for."""

from bot.access.unit_of_work import UnitOfWork
from bot.domain.blocking import full_cluster
from bot.domain.lifecycle import Grant, RequestKind
from bot.domain.marks import mark_of_grant, request_mark
from bot.domain.people import Person
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Refused
from bot.domain.refusals.clusters import FullForEmergency
from bot.domain.refusals.grants import TooManyGrants
from bot.domain.refusals.requests import TooManyRequests

_NAMED = 3


def refuse_too_many_requests(
    uow: UnitOfWork, cluster: ClusterPolicy, requester: str, *, new: int | None = None
) -> None:
    """Refuse somebody who has as many undecided requests as one person may, on all clusters.

    *new* is the number of the request that is being made, if it was saved already.
    """
    uow.found.take_turn(requester)
    pending = [
        request
        for request in uow.found.waiting(requester)
        if request.asked_by is None and request.id != new
    ]
    if len(pending) < cluster.max_open_requests:
        return
    first = pending[0]
    mark = request_mark(first.created_at)
    raise Refused(TooManyRequests(count=len(pending), first=first.id, mark=mark))


def refuse_too_many_grants(
    uow: UnitOfWork, cluster: ClusterPolicy, alias: str, person: Person
) -> None:
    """Refuse somebody who has as much access to a cluster as one person may.

    Undecided requests count: if all were approved, it would be too much.
    """
    live = [
        grant
        for grant in uow.found.live(alias)
        if grant.requester == person.id and grant.wants_rule(uow.now) and not grant.adopted
    ]
    pending = [
        request
        for request in uow.found.waiting(person.id)
        if request.cluster == alias
        and request.extends is None
        and request.kind is not RequestKind.ADOPTION
    ]
    if len(live) + len(pending) < cluster.max_live_grants:
        return
    raise Refused(
        TooManyGrants(
            cluster=alias,
            live=len(live),
            pending=len(pending),
            first_live=live[0].id if live else None,
            first_pending=pending[0].id if pending else None,
            mark=mark_of_grant(live[0]) if live else request_mark(pending[0].created_at),
        )
    )


def refuse_full_cluster(
    uow: UnitOfWork, cluster: ClusterPolicy, alias: str, count: int, *, emergency: bool
) -> None:
    """Refuse what a cluster with *count* rules has no room for.

    The last places are reserved for emergencies. If those are taken too, the refusal of an
    emergency names grants that could make room. If a cluster has more rules than `max_rules`, its
    limit must be higher.
    """
    room = cluster.max_rules - (0 if emergency else cluster.reserved_rules)
    if not room <= count <= cluster.max_rules:
        return
    if not emergency:
        raise Refused(full_cluster(alias, cluster))
    could_end = tuple((grant.id, grant.requester) for grant in _least_urgent(uow, alias))
    raise Refused(
        FullForEmergency(cluster=alias, count=count, could_end=could_end, ask=cluster.approvers)
    )


def _least_urgent(uow: UnitOfWork, alias: str) -> list[Grant]:
    """Return a few grants whose end would make room, those that last longest first."""
    live = [
        grant
        for grant in uow.found.live(alias)
        if grant.owned and not grant.adopted and not grant.emergency
    ]
    return sorted(live, key=lambda grant: grant.expires_at, reverse=True)[:_NAMED]
