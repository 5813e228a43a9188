"""decide: an approver's word; the last one needed makes the grant (P4)."""

from collections.abc import Sequence
from datetime import timedelta

from bot.access.adopt import check_adoptable
from bot.access.approval import carry_out, check_time_left, with_concerned
from bot.access.notifications import (
    close_card,
    notify_closed,
    notify_person,
    notify_thread,
    update_card,
)
from bot.access.pressed_button import check_is_on_its_card, check_is_request_shown
from bot.access.request_access import clean_reason
from bot.access.unit_of_work import UnitOfWork
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.commands import Decide
from bot.domain.durations import show_duration
from bot.domain.entitlement import check_may_still_ask, lost_approvals
from bot.domain.lifecycle import Decision, Request, RequestKind, RequestState, Verdict
from bot.domain.notices import ApprovalsDropped, NotGranted, RequestClosed
from bot.domain.people import Person
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Refused
from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.refusals.clusters import LeftPolicyUndecided
from bot.domain.refusals.requests import (
    AdoptionNotShortened,
    ApprovedByThem,
    DecidedAlready,
    LongerThanAsked,
    NoSuchRequest,
)
from bot.store import grants, requests


def decide(uow: UnitOfWork, command: Decide, person: Person) -> Request:
    """Record an approver's decision; the last approval needed creates the grant.

    At each approval, everything is checked again by the current policy: earlier approvers who lost
    the right no longer count, and what could not be asked for any more is not granted.

    Raises:
        Refused: not entitled, decided already, lapsed, or no longer within the policy.
        NeedsDirectory: it is not known whether those whom it concerns still have their rights.
    """
    request = requests.get(uow.session, command.request_id)
    if request is None:
        raise Refused(NoSuchRequest(number=command.request_id))
    check_is_request_shown(request, command.mark)
    check_is_on_its_card(uow, request, command.container)
    cluster = uow.policy.clusters.get(request.cluster)
    if cluster is None:
        raise Refused(LeftPolicyUndecided(cluster=request.cluster, number=request.id))
    cluster.check_may_approve(person, requester=request.requester, asked_by=request.asked_by)
    if request.state is not RequestState.PENDING:
        raise Refused(DecidedAlready(number=request.id, state=request.state))
    if uow.now >= request.lapses_at:
        raise Refused(DecidedAlready(number=request.id, state=RequestState.LAPSED))
    written = command.reason if command.verdict is Verdict.DENY else clean_reason(command.comment)
    decision = Decision(person.id, command.verdict, uow.now, written, command.at_most)
    if command.verdict is Verdict.DENY:
        return _deny(uow, request, decision)
    return _approve(uow, cluster, request, decision)


def _approve(
    uow: UnitOfWork, cluster: ClusterPolicy, request: Request, decision: Decision
) -> Request:
    _check_policy_still_allows(uow, cluster, request)
    check_time_left(uow, request, shortest=cluster.min_duration)
    if decision.at_most is not None:
        _check_shortened(cluster, request, decision.at_most)
    lost = lost_approvals(cluster, request, uow.people)
    counting = request.drop_approvals(lost)
    moved = counting.decide(decision, approvals_needed=cluster.approvals)
    if moved == request:
        raise Refused(ApprovedByThem(number=request.id, needed=cluster.approvals))
    _drop(uow, request, lost)
    if moved != counting:
        shorter = {"at_most": show_duration(decision.at_most)} if decision.at_most else {}
        written = {"reason": decision.reason} if decision.reason else {}
        uow.record(
            Action.APPROVED,
            moved.cluster,
            moved.id,
            actor=decision.approver,
            **shorter,
            **written,
        )
    moved = with_concerned(uow, moved)
    requests.save(uow.session, moved)
    if moved.state is RequestState.APPROVED:
        carry_out(uow, cluster, moved)  # who benefits hears when access opens, or ends later
        if moved.asked_by is not None:
            closed = RequestClosed(request=uow.facts(moved))
            notify_person(uow.session, closed, moved.asked_by, at=uow.now)
    show = update_card if moved.state is RequestState.PENDING else close_card
    show(uow.session, uow.facts(moved), at=uow.now)
    return moved


def _deny(uow: UnitOfWork, request: Request, decision: Decision) -> Request:
    denied = request.decide(decision, approvals_needed=1)
    requests.save(uow.session, denied)
    uow.record(
        Action.DENIED, denied.cluster, denied.id, actor=decision.approver, reason=decision.reason
    )
    notify_closed(uow.session, uow.facts(denied), at=uow.now)
    return denied


def notify_not_granted(uow: UnitOfWork, request_id: int, why: AnyRefusal) -> None:
    """Tell those who wait for a request why an approval was not accepted."""
    request = requests.get(uow.session, request_id)
    if request is None or request.state is not RequestState.PENDING:
        return
    notice = NotGranted(request=uow.facts(request), why=why)
    notify_thread(uow.session, notice, request.id, at=uow.now)
    for user_id in request.for_themselves:
        notify_person(uow.session, notice, user_id, at=uow.now)


def drop_approval(uow: UnitOfWork, request: Request, approver: str) -> None:
    """Remove an approval from an undecided request, because its approver lost the right."""
    left = request.drop_approvals([approver])
    requests.save(uow.session, left)
    _drop(uow, request, [approver])
    update_card(uow.session, uow.facts(left), at=uow.now)


def _drop(uow: UnitOfWork, request: Request, lost: Sequence[str]) -> None:
    """Record, and tell in the request's thread, whose approvals no longer count."""
    if not lost:
        return
    left = request.drop_approvals(lost)
    for approver in lost:
        uow.record(
            Action.APPROVAL_DROPPED, left.cluster, left.id, actor=Actor.DBACCESS, approver=approver
        )
    notice = ApprovalsDropped(request=uow.facts(left), approvers=tuple(lost))
    notify_thread(uow.session, notice, left.id, at=uow.now)


def _check_policy_still_allows(uow: UnitOfWork, cluster: ClusterPolicy, request: Request) -> None:
    """Refuse what could not be asked for any more.

    The policy may have changed since the request was made, and people may have lost their rights:
    what holds at this moment counts.
    """
    if request.kind is RequestKind.ADOPTION:
        cluster.check_adoption(request.duration)
        check_adoptable(uow, request.cluster, request.source)
    grant = grants.get(uow.session, request.extends) if request.extends else None
    check_may_still_ask(
        cluster,
        request,
        uow.people,
        duration=request.duration,
        already=grant.expires_at - grant.approved_at if grant else timedelta(),
    )


def _check_shortened(cluster: ClusterPolicy, request: Request, at_most: timedelta) -> None:
    """Refuse a shorter time that the policy does not allow, or that is for an adoption.

    An adopted rule would go sooner than the earlier approvers agreed to (P4).
    """
    if request.kind is RequestKind.ADOPTION:
        raise Refused(AdoptionNotShortened())
    if at_most < cluster.min_duration:
        cluster.check_duration(at_most)
    if at_most > request.duration:
        raise Refused(LongerThanAsked(number=request.id, asked=request.duration))
