"""Machines: access by a written policy and nothing else. Nobody is asked to approve it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bot.access.limits import refuse_too_many_grants
from bot.access.request_access import (
    asked_for,
    given_reason,
    publish,
    refuse_unfit_cluster,
)
from bot.access.revoke import leave
from bot.access.unit_of_work import UnitOfWork
from bot.domain.commands import RequestAccess
from bot.domain.lifecycle import Grant
from bot.domain.machines import Machine
from bot.domain.people import Person, not_looked_up
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Field, NotYours, Problems, Refused, about
from bot.domain.refusals.machines import (
    AccessRevoked,
    DurationNotCovered,
    NoMachinePolicy,
    NotThisMachines,
    SourceNotCovered,
)
from bot.domain.written_policy import AutoApproval
from bot.store import grants, requests

_NO_TIME = timedelta()


def request_as_machine(
    uow: UnitOfWork, command: RequestAccess, machine: Machine
) -> tuple[Grant, bool]:
    """Return the grant of a machine for exactly this access, and whether it is new.

    One that is there already is returned as it is, not extended. The caller has taken the machine's
    turn, so that the second of two requests at once sees what the first got.

    Raises:
        NotYours: no written policy names the machine on that cluster, or somebody ended its access.
        Refused: the written policy or the cluster does not allow it.
    """
    person = not_looked_up(machine.principal)
    cluster = _cluster_for(uow, command.cluster, machine)
    for grant in uow.found.live(command.cluster):
        is_its_own = grant.requester == person.id and grant.source == command.source
        if is_its_own and grant.wants_rule(uow.now):
            return grant, False
    _refuse_after_revoke(uow, cluster, command, machine)
    reason = _check(uow, cluster, command, person)
    asked = asked_for(uow, command, person, reason=reason, lapses_after=cluster.request_ttl)
    asked = replace(asked, details=tuple(machine.details.items()))
    made = requests.add(uow.session, asked)
    publish(uow, cluster, made, is_covered=True)
    return own_grant(uow, made.id, machine), True


def own_grant(uow: UnitOfWork, number: int, machine: Machine) -> Grant:
    """Return a grant of the machine's own.

    Raises:
        Refused: it has none of that number.
    """
    grant = grants.get(uow.session, number)
    if grant is None or grant.requester != machine.principal:
        raise Refused(NotThisMachines(number=number))
    return grant


def hand_back(uow: UnitOfWork, number: int, machine: Machine) -> Grant:
    """Have a grant of the machine's own end now; what is over or ending stays as it is.

    Raises:
        Refused: it has none of that number.
    """
    grant = own_grant(uow, number, machine)
    if not grant.wants_rule(uow.now):
        return grant
    return leave(uow, grant.revoke(machine.principal, uow.now), actor=machine.principal)


def _cluster_for(uow: UnitOfWork, alias: str, machine: Machine) -> ClusterPolicy:
    """Return a cluster on which a written policy names the machine; it hears of no other one."""
    cluster = uow.policy.clusters.get(alias)
    if cluster is None or not any(_naming(cluster, machine.principal)):
        raise NotYours(NoMachinePolicy(cluster=alias, machine=machine.principal))
    return cluster


def _naming(cluster: ClusterPolicy, principal: str) -> Iterator[AutoApproval]:
    """Yield the written approvals of a cluster that name a machine."""
    for approval in cluster.auto_approve:
        if approval.names_machine(principal):
            yield approval


def _refuse_after_revoke(
    uow: UnitOfWork, cluster: ClusterPolicy, command: RequestAccess, machine: Machine
) -> None:
    """Refuse what somebody took away lately; of people's requests, approvers decide then."""
    revoked = uow.revoked_lately(cluster, machine.principal, command.cluster)
    if revoked is not None:
        again_at = (revoked.removing_since or uow.now) + cluster.max_duration
        refusal = AccessRevoked(cluster=command.cluster, number=revoked.id, again_at=again_at)
        raise NotYours(refusal)


def _check(uow: UnitOfWork, cluster: ClusterPolicy, command: RequestAccess, person: Person) -> str:
    """Check all that is asked for, and return the reason as it is kept."""
    problems = Problems()
    with problems.about(Field.SOURCE):
        cluster.check_source(command.source)
    with problems.about(Field.DURATION):
        cluster.check_duration(command.duration)
    with problems.about(Field.REASON):
        reason = given_reason(cluster, command.reason)
    problems.check()
    _check_written_policy(cluster, command, person)
    with about(Field.CLUSTER):
        refuse_unfit_cluster(uow, cluster, command.cluster)
        refuse_too_many_grants(uow, cluster, command.cluster, person)
    return reason


def _check_written_policy(cluster: ClusterPolicy, command: RequestAccess, person: Person) -> None:
    """Refuse what the written policies for a machine do not cover, and say which part of it."""
    if cluster.written_approval(person.id, command.source, command.duration) is not None:
        return
    longest = [
        approval.max_duration
        for approval in _naming(cluster, person.id)
        if approval.covers(person.id, command.source, _NO_TIME)
    ]
    if not longest:
        with about(Field.SOURCE):
            raise Refused(SourceNotCovered(source=str(command.source)))
    with about(Field.DURATION):
        raise Refused(DurationNotCovered(asked=command.duration, longest=max(longest)))
