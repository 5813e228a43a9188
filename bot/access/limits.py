"""Limits: how much one person may have at once, and what a cluster has room for."""

from bot.access.unit_of_work import UnitOfWork
from bot.domain.blocking import full_cluster
from bot.domain.lifecycle import Grant, RequestKind
from bot.domain.people import Person
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Refused
from bot.store import grants, requests
from bot.store.locks import one_at_a_time

_NAMED = 3


def refuse_too_many_requests(
    uow: UnitOfWork, cluster: ClusterPolicy, requester: str, *, new: int | None = None
) -> None:
    """Refuse somebody who waits for as many decisions as one person may, on all clusters.

    *new* is the number of the request that is being made, where it was written down already.
    """
    one_at_a_time(uow.session, f"requests of {requester}")
    pending = [
        request
        for request in requests.pending(uow.session, requester=requester)
        if request.asked_by is None and request.id != new
    ]
    if len(pending) < cluster.max_open_requests:
        return
    raise Refused(
        f"You have {_counted(len(pending), 'open request')}, the most for one person. Cancel one "
        f"with `/dbaccess cancel {pending[0].id}`, or wait for a decision."
    )


def refuse_too_many_grants(
    uow: UnitOfWork, cluster: ClusterPolicy, alias: str, person: Person
) -> None:
    """Refuse somebody who has as much access to a cluster as one person may.

    What they wait for counts: approved one after the other, it would be too much.
    """
    one_at_a_time(uow.session, f"requests of {person.id}")
    live = [
        grant
        for grant in grants.live(uow.session, requester=person.id, cluster=alias)
        if grant.wants_rule(uow.now) and not grant.adopted
    ]
    pending = [
        request
        for request in requests.pending(uow.session, requester=person.id, cluster=alias)
        if request.extends is None and request.kind is not RequestKind.ADOPTION
    ]
    if len(live) + len(pending) < cluster.max_live_grants:
        return
    waiting = f" and {_counted(len(pending), 'open request')}" if pending else ""
    end = f"revoke {live[0].id}" if live else f"cancel {pending[0].id}"
    raise Refused(
        f"You have {_counted(len(live), 'live grant')}{waiting} on `{alias}`, the most for one "
        f"person. End one with `/dbaccess {end}`, or wait until one ends."
    )


def refuse_full_cluster(
    uow: UnitOfWork, cluster: ClusterPolicy, alias: str, count: int, *, emergency: bool
) -> None:
    """Refuse what a cluster of *count* rules has no room for.

    The last places are for emergencies. Where those are taken too, an emergency is told what
    could make room. A cluster that has more than its limit shows that the limit is another one.
    """
    room = cluster.max_rules - (0 if emergency else cluster.reserved_rules)
    if not room <= count <= cluster.max_rules:
        return
    if not emergency:
        raise Refused(full_cluster(alias, cluster))
    could_end = _least_urgent(uow, alias)
    if not could_end:
        raise Refused(
            f"`{alias}` has {count} trusted sources, the most that it takes, and none that could "
            "be ended here. Somebody has to remove one at DigitalOcean, then try again.",
            ask=cluster.approvers,
        )
    raise Refused(
        f"`{alias}` has {count} trusted sources, the most that it takes. Let an approver end one "
        f"of these with `/dbaccess revoke {could_end[0].id}`, then try again.",
        ask=cluster.approvers,
        could_end=tuple((grant.id, grant.requester) for grant in could_end),
    )


def _least_urgent(uow: UnitOfWork, alias: str) -> list[Grant]:
    """Return a few grants whose end would make room, those that last longest in front."""
    live = [
        grant
        for grant in grants.live(uow.session, cluster=alias)
        if grant.owned and not grant.adopted and not grant.emergency
    ]
    return sorted(live, key=lambda grant: grant.expires_at, reverse=True)[:_NAMED]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
