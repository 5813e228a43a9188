"""extend: more time for a live grant, decided like any request; and what its form may offer."""

from datetime import timedelta

from bot.access.adopt import prolong_adoption
from bot.access.pressed_button import check_is_grant_shown
from bot.access.request_access import given_reason, publish
from bot.access.revoke import live_grant
from bot.access.unit_of_work import UnitOfWork
from bot.domain.actors import Actor
from bot.domain.commands import Extend
from bot.domain.entitlement import check_may_benefit
from bot.domain.extensions import ExtensionTerms
from bot.domain.lifecycle import Grant, Request, RequestState
from bot.domain.marks import request_mark
from bot.domain.people import Person
from bot.domain.policy import LONGEST_ADOPTION, ClusterPolicy
from bot.domain.principals import is_machine
from bot.domain.refusal import Field, Problems, Refused
from bot.domain.refusals.durations import EndsLaterAnyway
from bot.domain.refusals.machines import MachinesAskAgain
from bot.domain.refusals.requests import ExtensionWaits
from bot.store import requests

_DAY = timedelta(days=1)


def extend(uow: UnitOfWork, command: Extend, person: Person) -> Request:
    """Save a request for a later end of a live grant; it is decided like any other.

    Raises:
        Refused: no such live grant, not theirs to extend, longer than the policy allows, or no
            reason where one is required.
        NeedsDirectory: it is not known whether its holder may ask, or a written policy covers them.
    """
    grant = _extendable(live_grant(uow, command.grant_id, person))
    check_is_grant_shown(grant, command.mark)
    cluster = uow.cluster_of(grant)
    command = _by_duration(command, grant)
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
    problems = Problems()
    with problems.about(Field.DURATION):
        cluster.check_duration(duration, already=already)
    with problems.about(Field.REASON):
        reason = given_reason(cluster, command.reason)
    problems.check()
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
            until=command.until,
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
    return publish(uow, cluster, made, is_covered=is_covered)


def _extendable(grant: Grant) -> Grant:
    """Return a grant, unless it is a machine's: only its written policy gives it more (P4)."""
    if is_machine(grant.requester):
        raise Refused(MachinesAskAgain(number=grant.id))
    return grant


def _by_duration(command: Extend, grant: Grant) -> Extend:
    """Return an extension until a time as one by the duration that is left to it."""
    if command.until is None:
        return command
    if command.until <= grant.expires_at:
        raise Refused(EndsLaterAnyway(number=grant.id))
    return command.model_copy(update={"duration": command.until - grant.expires_at})


def extension_terms(
    uow: UnitOfWork, grant_id: int, mark: str | None, person: Person
) -> ExtensionTerms:
    """Return what may be chosen for an extension; *mark* as in `Extend`.

    Raises:
        Refused: no such live grant, not theirs to extend, extended as far as the policy allows, or
            an extension waits already.
    """
    grant = _extendable(live_grant(uow, grant_id, person))
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
        in_all=cluster.max_duration,
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


def refuse_second_extension(uow: UnitOfWork, grant: Grant) -> None:
    """Refuse an extension of a grant for which one waits already."""
    for earlier in requests.pending(uow.session, extends=grant.id):
        mark = request_mark(earlier.created_at)
        raise Refused(ExtensionWaits(number=grant.id, waiting=earlier.id, mark=mark))
