"""Expiry: what ends by the clock, grants and undecided requests, and the warning before."""

from datetime import timedelta

from bot.access.notifications import notify_closed, notify_of_grant
from bot.access.revoke import leave
from bot.access.unit_of_work import UnitOfWork
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.lifecycle import Grant
from bot.domain.notices import GrantExpiring
from bot.domain.policy import Policy
from bot.domain.principals import is_machine
from bot.store import grants, requests

_AT_ONCE = 200
_ADOPTED_WARNING = timedelta(days=1)


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


def longest_warning(policy: Policy, *, adopted: bool) -> timedelta:
    """Return how long before its end the end of any grant is announced, at the most."""
    longest = max((one.warn_before for one in policy.clusters.values()), default=timedelta())
    return max(longest, _ADOPTED_WARNING) if adopted else longest


def _alike(policy: Policy) -> dict[timedelta, list[str]]:
    """Return the clusters by their `warn_before`: most companies have one or two."""
    alike: dict[timedelta, list[str]] = {}
    for alias, cluster in policy.clusters.items():
        alike.setdefault(cluster.warn_before, []).append(alias)
    return alike


def _warn(uow: UnitOfWork, grant: Grant) -> None:
    """Announce an end to a holder who is a person; a machine knows when it comes."""
    grants.save(uow.session, grant.warn(uow.now))
    if is_machine(grant.requester):
        return
    uow.record(Action.WARNED, grant.cluster, grant.id, actor=Actor.DBACCESS)
    notify_of_grant(uow.session, GrantExpiring(grant=grant), uow.policy, at=uow.now)
