"""Entitlement: whether what was requested and approved still holds by the current policy (P4).

This is checked at the last approval, before the first write and whenever a grant is put back. Who
people are and which groups they are in is passed in: `NeedsDirectory` says what is missing.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot.domain.actors import Actor
from bot.domain.lifecycle import Request, RequestKind
from bot.domain.people import People, Person, Standing, Unknowns, standing_of
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import NoLongerHolds, Refused
from bot.domain.refusals.rights import (
    EmergencyPolicyEnded,
    HolderIsGone,
    HolderMayNotAsk,
    TooFewApprovals,
    WrittenPolicyEnded,
)

_WRITTEN = (Actor.POLICY, Actor.EMERGENCY)  # who approves in place of an approver
_GONE = (Standing.UNKNOWN, Standing.NOBODY, Standing.DEACTIVATED)


def concerned(requests: Iterable[Request], people: People) -> tuple[Person, ...]:
    """Return those whom requests concern, as far as they are known: requesters and approvers."""
    ids = {
        user_id: None  # in this order, each once
        for request in requests
        for user_id in (request.requester, *request.approvers)
        if user_id not in _WRITTEN
    }
    return tuple(people[user_id] for user_id in ids)


def lost_approvals(cluster: ClusterPolicy, request: Request, people: People) -> tuple[str, ...]:
    """Return the approvers of a request whose approvals no longer count.

    Raises:
        NeedsDirectory: that is not known of all of them.
    """
    unknowns, lost = Unknowns(), []
    for approver in request.approvers:
        with unknowns.gathered():
            if approver not in _WRITTEN and not _counts(cluster, request, people[approver]):
                lost.append(approver)
    unknowns.ask()
    return tuple(lost)


def check_may_still_ask(
    cluster: ClusterPolicy,
    request: Request,
    people: People,
    *,
    duration: timedelta,
    already: timedelta = timedelta(),
) -> None:
    """Refuse what could not be requested any more, because of requester, source or duration.

    *already* is how long the grant lasts that would last *duration* longer.

    Raises:
        NoLongerHolds: with the reason.
        NeedsDirectory: too little is known of the requester.
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
        cluster: its current policy.
        requests: the one by which it was granted, then its approved extensions, in order.
        people: those concerned, as far as they are known.

    Raises:
        NoLongerHolds: with the reason.
        NeedsDirectory: too little is known of some of them.
    """
    unknowns, lasting = Unknowns(), timedelta()
    for request in requests:
        already, longer = lasting, request.granted_duration
        lasting += longer
        with unknowns.gathered():
            check_may_still_ask(cluster, request, people, duration=longer, already=already)
        with unknowns.gathered():
            _check_approval(cluster, request, people, lasting)
    unknowns.ask()


def check_may_benefit(cluster: ClusterPolicy, person: Person) -> None:
    """Refuse access for somebody who may not ask for it; somebody else will read the refusal."""
    try:
        cluster.check_may_request(person)
    except Refused as refused:
        raise Refused(HolderMayNotAsk()) from refused


def _counts(cluster: ClusterPolicy, request: Request, person: Person) -> bool:
    is_own = person.id in request.for_themselves and request.kind is not RequestKind.ADOPTION
    return cluster.may_approve(person) and (cluster.self_approval or not is_own)


def _check_requester(cluster: ClusterPolicy, request: Request, person: Person) -> None:
    if standing_of(person) in _GONE:
        raise Refused(HolderIsGone())
    if person.standing is Standing.MACHINE:
        return  # it may ask as far as the written policy that approved goes, and no further
    if request.kind is RequestKind.ADOPTION:
        cluster.check_may_adopt(person)
    elif request.kind is not RequestKind.EMERGENCY:
        check_may_benefit(cluster, person)


def _check_approval(
    cluster: ClusterPolicy, request: Request, people: People, lasting: timedelta
) -> None:
    requester = people[request.requester]
    if Actor.POLICY in request.approvers:
        who = requester.id if requester.standing is Standing.MACHINE else requester
        if not cluster.written_approval(who, request.source, lasting):
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
        enough = 1 if prolongs else cluster.approvals  # to keep a rule for longer takes one
        if left < enough:
            raise NoLongerHolds(TooFewApprovals(needed=enough, counting=left))
