"""How much longer a grant may last, for the form that asks for it."""

from datetime import timedelta

from bot.access.pressed_button import check_is_grant_shown
from bot.access.request_access import live_grant, refuse_second_extension
from bot.access.unit_of_work import UnitOfWork
from bot.domain.extensions import ExtensionTerms
from bot.domain.lifecycle import Grant
from bot.domain.people import Person
from bot.domain.policy import LONGEST_ADOPTION, ClusterPolicy

_DAY = timedelta(days=1)


def extension_terms(
    uow: UnitOfWork, grant_id: int, mark: str | None, person: Person
) -> ExtensionTerms:
    """Return what may be chosen for an extension; *mark* as in `Extend`.

    Raises:
        Refused: no such live grant, not theirs to extend, extended as far as the policy allows, or
            an extension waits already.
    """
    grant = live_grant(uow, grant_id)
    check_is_grant_shown(grant, mark)
    uow.policy.check_standing(person)
    cluster = uow.cluster_of(grant)
    if grant.adopted:
        cluster.check_may_adopt(person)
        return _of_adoption(uow, cluster, grant)
    uow.check_may_touch(grant, person)
    cluster.check_standing(person)
    refuse_second_extension(uow, grant)
    already = grant.expires_at - grant.approved_at
    cluster.check_duration(cluster.min_duration, already=already)
    left = cluster.max_duration - already
    return ExtensionTerms(
        grant=grant,
        shortest=cluster.min_duration,
        longest=left,
        usual=min(cluster.usual_duration, left),
        needs_reason=cluster.require_reason,
    )


def _of_adoption(uow: UnitOfWork, cluster: ClusterPolicy, grant: Grant) -> ExtensionTerms:
    left = LONGEST_ADOPTION - (grant.expires_at - uow.now)
    return ExtensionTerms(
        grant=grant,
        shortest=min(_DAY, left),
        longest=max(left // _DAY * _DAY, min(_DAY, left)),
        usual=min(_DAY, left),
        needs_reason=cluster.require_reason,
    )
