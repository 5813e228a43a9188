"""Which rules can be adopted: those that people added and that belong to no grant."""

from bot.access.unit_of_work import UnitOfWork
from bot.domain.refusal import Refused
from bot.domain.refusals.sources import ExpiresAlready, IsGuardRule
from bot.domain.sources import GUARD, TrustedSource
from bot.store import grants


def check_adoptable(uow: UnitOfWork, cluster: str, source: TrustedSource) -> None:
    """Refuse a rule that is removed by itself anyway: the guard rule, or one of a live grant.

    Whether there is a rule at all shows when the cluster is read.
    """
    if source == GUARD:
        raise Refused(IsGuardRule(source=str(GUARD)))
    for grant in grants.live(uow.session, cluster=cluster, source=source):
        if grant.owned is not False and grant.wants_rule(uow.now):
            raise Refused(ExpiresAlready(source=str(source), number=grant.id))
