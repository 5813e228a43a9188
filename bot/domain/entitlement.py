"""Entitlement: does what was asked for and approved still hold, by the policy of this moment (P4)?

Asked when the last approval comes, before the first write and at every put-back. Who somebody is
and which groups they are in comes in from outside; `needed` says of whom that must be known.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from bot.domain.actors import Actor
from bot.domain.lifecycle import Request, RequestKind
from bot.domain.people import People, Person, Standing, groups_in_question
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import NoLongerHolds, Refused
from bot.domain.refusals.rights import (
    EmergencyPolicyEnded,
    HolderIsGone,
    HolderMayNotAsk,
    TooFewApprovals,
    WrittenPolicyEnded,
)

_GONE = (Standing.UNKNOWN, Standing.DEACTIVATED)


def needed(cluster: ClusterPolicy, requests: Iterable[Request]) -> dict[str, frozenset[str]]:
    """Return whom these requests concern: user ids, and the user groups in question of each."""
    groups: dict[str, frozenset[str]] = {}
    for request in requests:
        for user_id, names in _names_in_question(cluster, request):
            asked = groups_in_question(user_id, names)
            groups[user_id] = groups.get(user_id, frozenset()) | asked
    return groups


def lost_approvals(cluster: ClusterPolicy, request: Request, people: People) -> tuple[str, ...]:
    """Return the approvers of a request whose approvals no longer count."""
    return tuple(
        approver
        for approver in request.approvers
        if approver not in (Actor.POLICY, Actor.EMERGENCY)
        and not _counts(cluster, request, people[approver])
    )


def check_may_still_ask(
    cluster: ClusterPolicy,
    request: Request,
    people: People,
    *,
    duration: timedelta,
    already: timedelta = timedelta(),
) -> None:
    """Refuse what could not be asked for any more: by its requester, its source or its duration.

    *already* is how long the grant lasts that would last *duration* longer.

    Raises:
        NoLongerHolds: with the reason.
    """
    try:
        _check_requester(cluster, request, people[request.requester])
        if request.kind is not RequestKind.ADOPTION:  # its rule is there, and not added by us
            cluster.check_source(request.source)
            cluster.check_duration(duration, already=already)
    except Refused as refused:
        raise NoLongerHolds(refused.refusal) from refused


def check_still_holds(cluster: ClusterPolicy, requests: Sequence[Request], people: People) -> None:
    """Refuse access that would not be approved today.

    Args:
        cluster: what holds for it now.
        requests: the one by which it was granted, then its approved extensions, in order.
        people: as many of those concerned as were established; who was not does not count.

    Raises:
        NoLongerHolds: with the reason.
    """
    lasting = timedelta()
    for request in requests:
        longer = request.granted_duration
        check_may_still_ask(cluster, request, people, duration=longer, already=lasting)
        lasting += longer
        _check_approval(cluster, request, people, lasting)


def check_may_benefit(cluster: ClusterPolicy, person: Person) -> None:
    """Refuse access for somebody who may not ask for it; it is somebody else who reads this."""
    try:
        cluster.check_may_request(person)
    except Refused as refused:
        raise Refused(HolderMayNotAsk()) from refused


def _names_in_question(
    cluster: ClusterPolicy, request: Request
) -> Iterator[tuple[str, tuple[str, ...]]]:
    if request.kind is RequestKind.ADOPTION:
        yield request.requester, cluster.approvers
    elif request.kind is not RequestKind.EMERGENCY:
        yield request.requester, cluster.requesters
    elif cluster.emergency is not None:
        yield request.requester, cluster.emergency.requesters
    for approver in request.approvers:
        if approver == Actor.POLICY:
            for written in cluster.auto_approve:
                yield request.requester, written.requesters
        elif approver != Actor.EMERGENCY:
            yield approver, cluster.approvers


def _counts(cluster: ClusterPolicy, request: Request, person: Person) -> bool:
    is_own = person.id in request.for_themselves and request.kind is not RequestKind.ADOPTION
    return cluster.may_approve(person) and (cluster.self_approval or not is_own)


def _check_requester(cluster: ClusterPolicy, request: Request, person: Person) -> None:
    if person.standing in _GONE:
        raise Refused(HolderIsGone())
    if request.kind is RequestKind.ADOPTION:
        cluster.check_may_adopt(person)
    elif request.kind is not RequestKind.EMERGENCY:
        check_may_benefit(cluster, person)


def _check_approval(
    cluster: ClusterPolicy, request: Request, people: People, lasting: timedelta
) -> None:
    requester = people[request.requester]
    if Actor.POLICY in request.approvers:
        if not cluster.written_approval(requester, request.source, lasting):
            raise NoLongerHolds(WrittenPolicyEnded())
    elif Actor.EMERGENCY in request.approvers:
        try:
            cluster.check_emergency(requester, request.duration, request.reason)
        except Refused as refused:
            raise NoLongerHolds(EmergencyPolicyEnded()) from refused
    else:
        lost = lost_approvals(cluster, request, people)
        left = len(request.approvers) - len(lost)
        prolongs = request.kind is RequestKind.ADOPTION and request.extends is not None
        enough = 1 if prolongs else cluster.approvals  # a rule that only stays longer needs one
        if left < enough:
            raise NoLongerHolds(TooFewApprovals(needed=enough, counting=left))
