"""revoke, depart, expire, lapse, warn: how grants and requests come to their end."""

from datetime import timedelta

from bot.access.decide import drop_approval, withdraw
from bot.access.notifications import notify_closed, notify_of_grant, refresh_home
from bot.access.pressed_button import check_is_grant_shown
from bot.access.request_access import live_grant
from bot.access.unit_of_work import UnitOfWork
from bot.domain.actors import Actor
from bot.domain.commands import Revoke
from bot.domain.lifecycle import Grant, GrantState, RequestState
from bot.domain.notices import GrantEnded, GrantExpiring
from bot.domain.people import Person
from bot.domain.policy import Policy
from bot.domain.refusal import Refused
from bot.domain.refusals.grants import NoUnendedGrant
from bot.store import clusters, grants, requests
from bot.store.audit import Action

_AT_ONCE = 200
_ADOPTED_WARNING = timedelta(days=1)


def revoke(uow: UnitOfWork, command: Revoke, person: Person) -> Grant:
    """Have a live grant end now. The rule of an adopted one stays: only its expiry is removed.

    Raises:
        Refused: no such live grant, or not theirs to end.
    """
    grant = live_grant(uow, command.grant_id)
    check_is_grant_shown(grant, command.mark)
    uow.check_may_touch(grant, person)
    return leave(uow, grant.revoke(person.id, uow.now), actor=person.id)


def revoke_as_operator(uow: UnitOfWork, grant_id: int, *, actor: str) -> Grant:
    """Have a live grant end now, from the command line.

    Raises:
        Refused: no such live grant.
    """
    grant = live_grant(uow, grant_id)
    return leave(uow, grant.revoke(actor, uow.now), actor=actor)


def depart(uow: UnitOfWork, user_id: str) -> int:
    """Have all that somebody who left had end now; return how many grants that is.

    Rules that they adopted keep their expiry: those are other people's access. Their approvals of
    what is not decided, or not in place yet, no longer count (P4).
    """
    for pending in requests.pending(uow.session):
        if user_id in pending.approvers:
            _drop_approval_of_departed(uow, pending.id, user_id)
    for applying in grants.applying(uow.session):
        _note_departure(uow, applying, user_id)
    for pending in requests.pending(uow.session, requester=user_id):
        withdraw(uow, pending, by=Actor.DEPARTED, tell=False)
    theirs = [g for g in grants.live(uow.session, requester=user_id) if not g.adopted]
    for grant in theirs:
        leave(uow, grant.revoke(Actor.DEPARTED, uow.now), actor=Actor.DEPARTED)
    return len(theirs)


def _drop_approval_of_departed(uow: UnitOfWork, request_id: int, user_id: str) -> None:
    request = requests.get(uow.session, request_id)
    if request is not None and request.state is RequestState.PENDING:
        drop_approval(uow, request, user_id)


def _note_departure(uow: UnitOfWork, grant: Grant, user_id: str) -> None:
    """Note with a grant that is not in place yet that somebody concerned was deactivated."""
    numbers = {grant.id, *(request.id for request in requests.behind(uow.session, grant.id))}
    for number in sorted(numbers):
        request = requests.get(uow.session, number)
        if request is not None and user_id in (person.id for person in request.concerned):
            requests.save(uow.session, request.depart(user_id))
            clusters.mark_due(uow.session, grant.cluster_id, grant.cluster, uow.now)


def close_for_gone_cluster(uow: UnitOfWork, grant_id: int, *, actor: str) -> Grant:
    """End a grant whose cluster was deleted: there is no rule left to remove.

    Raises:
        Refused: no such grant, or it has ended.
    """
    grant = grants.get(uow.session, grant_id)
    if grant is None or grant.state is GrantState.ENDED:
        raise Refused(NoUnendedGrant(number=grant_id))
    leaving = grant.revoke(actor, uow.now) if grant.is_live else grant
    ended = leaving.end(uow.now)
    grants.save(uow.session, ended)
    uow.record(
        Action.ENDED,
        ended.cluster,
        ended.id,
        actor=actor,
        reason=ended.end_reason,
        cluster_gone=True,
    )
    notice = GrantEnded(grant=ended)
    notify_of_grant(uow.session, notice, ended, uow.policy, at=uow.now)
    return ended


def expire(uow: UnitOfWork) -> int:
    """Have grants end whose time is up, the earliest first; return how many.

    Many at once are ended in batches, so that the first rules are removed meanwhile.
    """
    overdue = grants.overdue(uow.session, uow.now, most=_AT_ONCE)
    for grant in overdue:
        leave(uow, grant.expire(uow.now), actor=Actor.DBACCESS)
    return len(overdue)


def lapse(uow: UnitOfWork) -> int:
    """Close each request that nobody decided in time, or whose grant has ended; return how many."""
    lapsing = requests.lapsing(uow.session, uow.now)
    for request in lapsing:
        lapsed = request.lapse(uow.now)
        requests.save(uow.session, lapsed)
        uow.record(Action.LAPSED, lapsed.cluster, lapsed.id, actor=Actor.DBACCESS)
        notify_closed(uow.session, uow.facts(lapsed), at=uow.now)
    return len(lapsing)


def warn(uow: UnitOfWork) -> int:
    """Announce each end that is near; return how many.

    For a grant shorter than twice `warn_before`, the warning comes halfway. The end of an adopted
    rule is announced a day before, since more than one person may depend on it.
    """
    warned = 0
    for before, aliases in _alike(uow.policy).items():
        for adopted, within in ((False, before), (True, max(before, _ADOPTED_WARNING))):
            near = grants.unwarned(
                uow.session, uow.now, clusters=aliases, adopted=adopted, within=within
            )
            for grant in near:
                half = (grant.expires_at - grant.approved_at) / 2
                if uow.now >= grant.expires_at - min(within, half):
                    _warn(uow, grant)
                    warned += 1
    return warned


def _alike(policy: Policy) -> dict[timedelta, list[str]]:
    """Return the clusters by their `warn_before`: most companies have one or two."""
    alike: dict[timedelta, list[str]] = {}
    for alias, cluster in policy.clusters.items():
        alike.setdefault(cluster.warn_before, []).append(alias)
    return alike


def _warn(uow: UnitOfWork, grant: Grant) -> None:
    grants.save(uow.session, grant.warn(uow.now))
    uow.record(Action.WARNED, grant.cluster, grant.id, actor=Actor.DBACCESS)
    notice = GrantExpiring(grant=grant)
    notify_of_grant(uow.session, notice, grant, uow.policy, at=uow.now)


def leave(uow: UnitOfWork, leaving: Grant, *, actor: str) -> Grant:
    """Record that a grant is to end, and have its rule removed or released."""
    grants.save(uow.session, leaving)
    clusters.mark_due(uow.session, leaving.cluster_id, leaving.cluster, uow.now)
    refresh_home(uow.session, leaving.requester, at=uow.now)
    stays = {"rule": "stays"} if leaving.leaves_rule else {}
    uow.record(
        Action.ENDING, leaving.cluster, leaving.id, actor=actor, reason=leaving.end_reason, **stays
    )
    return leaving
