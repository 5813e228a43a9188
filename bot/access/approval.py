"""Approval: what an approved request becomes, a grant or a later end of one."""

from dataclasses import replace
from datetime import timedelta

from bot.access.notifications import notify_of_grant, post_card
from bot.access.unit_of_work import UnitOfWork
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.durations import show_duration
from bot.domain.entitlement import concerned
from bot.domain.lifecycle import Decision, Grant, Request, RequestState, Verdict
from bot.domain.notices import GrantExtended, comments_of
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Refused
from bot.domain.refusals.durations import EndIsOver, EndsLaterAnyway
from bot.domain.refusals.grants import NothingToExtend
from bot.store import clusters, grants, requests


def approve_at_once(
    uow: UnitOfWork,
    cluster: ClusterPolicy,
    request: Request,
    *,
    by: str,
    review_after: timedelta | None = None,
) -> Request:
    """Approve a new request by one decision, and enqueue its card.

    Args:
        by: `policy`, `emergency`, or the approver who gives an adopted rule more time.
        review_after: when to remind somebody to review it, if it needs a review.
    """
    check_time_left(uow, request)
    moved = request.approve_at_once(by, uow.now)
    moved = with_concerned(uow, moved)
    if review_after is not None:
        moved = moved.remind(uow.now + review_after)
    uow.record(Action.APPROVED, moved.cluster, moved.id, actor=by)
    requests.save(uow.session, moved)
    carry_out(uow, cluster, moved)
    post_card(uow.session, uow.facts(moved), cluster.channel, at=uow.now)
    return moved


def approve_first(uow: UnitOfWork, cluster: ClusterPolicy, request: Request, *, by: str) -> Request:
    """Count the requester as the first of the approvers needed, and enqueue the card."""
    decision = Decision(by, Verdict.APPROVE, uow.now)
    moved = request.decide(decision, approvals_needed=cluster.approvals)
    moved = with_concerned(uow, moved)
    uow.record(Action.APPROVED, moved.cluster, moved.id, actor=by)
    requests.save(uow.session, moved)
    if moved.state is RequestState.APPROVED:
        carry_out(uow, cluster, moved)
    post_card(uow.session, uow.facts(moved), cluster.channel, at=uow.now)
    return moved


def carry_out(uow: UnitOfWork, cluster: ClusterPolicy, request: Request) -> None:
    """Carry out an approved request: create a grant, or extend one."""
    if request.extends is None:
        _grant(uow, cluster, request)
    else:
        _extend(uow, request)


def check_time_left(
    uow: UnitOfWork, request: Request, *, shortest: timedelta = timedelta(seconds=1)
) -> None:
    """Refuse what was asked for until a time that has passed, or is nearer than *shortest*.

    Raises:
        Refused: that time is over; of an extension, access lasts until then already.
    """
    if request.until is None:
        return
    if request.until - uow.now < shortest:
        raise Refused(EndIsOver(number=request.id))
    grant = grants.get(uow.session, request.extends) if request.extends else None
    if grant is not None and request.until <= grant.expires_at:
        raise Refused(EndsLaterAnyway(number=grant.id))


def _grant(uow: UnitOfWork, cluster: ClusterPolicy, request: Request) -> None:
    grant = requests.new_grant(request, cluster_id=str(cluster.id), at=uow.now)
    begin(uow, grant, request)


def begin(uow: UnitOfWork, grant: Grant, request: Request) -> None:
    """Save the new grant of *request*, and have its rule added."""
    grants.add(uow.session, grant)
    clusters.mark_due(uow.session, grant.cluster_id, grant.cluster, uow.now)
    uow.record(
        Action.GRANTED,
        grant.cluster,
        grant.id,
        actor=Actor.DBACCESS,
        source=str(grant.source),
        requester=grant.requester,
        approvers=list(request.approvers),
        expires_at=grant.expires_at.isoformat(),
    )


def _extend(uow: UnitOfWork, request: Request) -> None:
    grant = grants.get(uow.session, request.extends or 0)
    if grant is None or not grant.wants_rule(uow.now):
        raise Refused(NothingToExtend(number=request.extends or 0))
    longer = grant.extend(request.end_from(grant.expires_at))
    grants.save(uow.session, longer)
    clusters.mark_due(uow.session, longer.cluster_id, longer.cluster, uow.now)
    uow.record(
        Action.EXTENDED,
        longer.cluster,
        longer.id,
        actor=Actor.DBACCESS,
        by=show_duration(longer.expires_at - grant.expires_at),
        extension=request.id,
        approvers=list(request.approvers),
        expires_at=longer.expires_at.isoformat(),
    )
    extended = GrantExtended(
        grant=longer,
        by=longer.expires_at - grant.expires_at,
        asked=request.duration if request.is_shortened else None,
        approvers=request.approvers,
        comments=comments_of(request),
    )
    notify_of_grant(uow.session, extended, uow.policy, at=uow.now)


def with_concerned(uow: UnitOfWork, request: Request) -> Request:
    """Save with a request what is known about those whom it concerns."""
    return replace(request, concerned=concerned([request], uow.people))
