"""decide: an approver's word, and what follows when enough have spoken (P4)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.access.adoptable import check_adoptable
from bot.access.move import Move
from bot.access.pressing import check_is_on_its_card, check_is_request_shown
from bot.domain.durations import show_duration
from bot.domain.entitlement import check_may_still_ask, lost_approvals, needed
from bot.domain.lifecycle import Decision, Grant, Request, RequestKind, RequestState, Verdict
from bot.domain.notices import ApprovalsDropped, GrantExtended, NotGranted, RequestClosed
from bot.domain.people import People, Person
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Refused
from bot.domain.wishes import Decide
from bot.store import clusters, grants, requests
from bot.store.audit import SYSTEM, Action
from bot.telling import (
    grant_facts,
    post_card,
    tell_closed,
    tell_of_grant,
    tell_person,
    tell_thread,
    update_card,
)

_STATE_WORDS = {
    RequestState.PENDING: "is still a request",
    RequestState.APPROVED: "was approved already",
    RequestState.DENIED: "was denied already",
    RequestState.CANCELLED: "was withdrawn already",
    RequestState.LAPSED: "has lapsed, nobody decided in time",
}


def already(request_id: int, state: RequestState) -> str:
    """Return in a sentence where a request stands."""
    return f"#{request_id} {_STATE_WORDS[state]}."


def decide(move: Move, wish: Decide, person: Person) -> Request:
    """Take an approver's word in; the last approval needed makes the grant.

    With each approval, all of it is looked at again, by the policy of this moment: an earlier
    approver who lost the right no longer counts, and what could not be asked for is not granted.

    Raises:
        Refused: not entitled, decided already, lapsed, or no longer within the policy.
        NeedsDirectory: it is not known whether those whom it concerns still have their rights.
    """
    request = requests.get(move.session, wish.request_id)
    if request is None:
        raise Refused(f"There is no request #{wish.request_id}.")
    check_is_request_shown(request, wish.mark)
    check_is_on_its_card(move, request, wish.container)
    cluster = move.policy.clusters.get(request.cluster)
    if cluster is None:
        raise Refused(
            f"`{request.cluster}` is no longer among the clusters that dbaccess looks after, so "
            f"#{request.id} cannot be decided."
        )
    cluster.check_may_approve(person, requester=request.requester, asked_by=request.asked_by)
    if request.state is not RequestState.PENDING:
        raise Refused(f"{already(request.id, request.state)} Nothing was changed.")
    if move.now >= request.lapses_at:
        raise Refused(f"{already(request.id, RequestState.LAPSED)} Nothing was changed.")
    decision = Decision(person.id, wish.verdict, move.now, wish.reason, wish.at_most)
    if wish.verdict is Verdict.DENY:
        return _deny(move, request, decision)
    return _approve(move, cluster, request, decision)


def _approve(move: Move, cluster: ClusterPolicy, request: Request, decision: Decision) -> Request:
    people = _check_policy_still_allows(move, cluster, request)
    if decision.at_most is not None:
        _check_shortened(cluster, request, decision.at_most)
    lost = lost_approvals(cluster, request, people)
    counting = request.drop_approvals(lost)
    moved = counting.decide(decision, approvals_needed=cluster.approvals)
    if moved == request:
        raise Refused(
            f"You have approved #{request.id} already. It needs {cluster.approvals} different "
            "approvers."
        )
    _drop(move, request, lost)
    if moved != counting:
        shorter = {"at_most": show_duration(decision.at_most)} if decision.at_most else {}
        move.record(Action.APPROVED, moved.cluster, moved.id, actor=decision.approver, **shorter)
    moved = _with_concerned(cluster, moved, people)
    requests.save(move.session, moved)
    if moved.state is RequestState.APPROVED:
        carry_out(move, cluster, moved)
        closed = RequestClosed(request=move.facts(moved))
        if moved.extends is None:  # the holder hears of an extension as such
            tell_person(move.session, closed, moved.requester, at=move.now)
        if moved.asked_by is not None:
            tell_person(move.session, closed, moved.asked_by, at=move.now)
    update_card(move.session, move.facts(moved), at=move.now)
    return moved


def tell_not_granted(move: Move, request_id: int, why: str) -> None:
    """Tell those who wait for a request why an approval could not be taken."""
    request = requests.get(move.session, request_id)
    if request is None or request.state is not RequestState.PENDING:
        return
    notice = NotGranted(request=move.facts(request), why=why)
    tell_thread(move.session, notice, request.id, at=move.now)
    for user_id in request.for_themselves:
        tell_person(move.session, notice, user_id, at=move.now)


def drop_approval(move: Move, request: Request, approver: str) -> None:
    """Take the approval of somebody who may no longer approve away from an undecided request."""
    left = request.drop_approvals([approver])
    requests.save(move.session, left)
    _drop(move, request, [approver])
    update_card(move.session, move.facts(left), at=move.now)


def _drop(move: Move, request: Request, lost: Sequence[str]) -> None:
    """Write down, and tell in the request's thread, whose approval no longer counts."""
    if not lost:
        return
    left = request.drop_approvals(lost)
    for approver in lost:
        move.record(Action.APPROVAL_DROPPED, left.cluster, left.id, actor=SYSTEM, approver=approver)
    notice = ApprovalsDropped(request=move.facts(left), approvers=tuple(lost))
    tell_thread(move.session, notice, left.id, at=move.now)


def _with_concerned(cluster: ClusterPolicy, request: Request, people: People) -> Request:
    """Keep with a request what was established about those whom it concerns."""
    concerned = (people[user_id] for user_id in needed(cluster, [request]))
    return replace(request, concerned=tuple(concerned))


def withdraw(move: Move, request: Request, *, by: str, tell: bool) -> Request:
    """Close an undecided request for *by*, on its card too; *tell*: its requester hears of it."""
    cancelled = request.cancel(move.now)
    requests.save(move.session, cancelled)
    move.record(Action.CANCELLED, cancelled.cluster, cancelled.id, actor=by)
    show = tell_closed if tell else update_card
    show(move.session, move.facts(cancelled, closed_by=by), at=move.now)
    return cancelled


def approve_at_once(
    move: Move,
    cluster: ClusterPolicy,
    request: Request,
    *,
    by: str,
    review_after: timedelta | None = None,
) -> Request:
    """Approve a new request by one word, and owe its card as it looks then.

    Args:
        by: `policy`, `emergency`, or the approver who gives an adopted rule more time.
        review_after: when somebody is to be reminded to review it, if anybody is.
    """
    moved = request.approve_at_once(by, move.now)
    moved = _with_concerned(cluster, moved, move.people)
    if review_after is not None:
        moved = moved.remind(move.now + review_after)
    move.record(Action.APPROVED, moved.cluster, moved.id, actor=by)
    requests.save(move.session, moved)
    carry_out(move, cluster, moved)
    post_card(move.session, move.facts(moved), cluster.channel, at=move.now)
    return moved


def approve_first(move: Move, cluster: ClusterPolicy, request: Request, *, by: str) -> Request:
    """Count the requester's own word as the first of the approvals needed, and owe the card."""
    decision = Decision(by, Verdict.APPROVE, move.now)
    moved = request.decide(decision, approvals_needed=cluster.approvals)
    moved = _with_concerned(cluster, moved, move.people)
    move.record(Action.APPROVED, moved.cluster, moved.id, actor=by)
    requests.save(move.session, moved)
    if moved.state is RequestState.APPROVED:
        carry_out(move, cluster, moved)
    post_card(move.session, move.facts(moved), cluster.channel, at=move.now)
    return moved


def _deny(move: Move, request: Request, decision: Decision) -> Request:
    denied = request.decide(decision, approvals_needed=1)
    requests.save(move.session, denied)
    move.record(
        Action.DENIED, denied.cluster, denied.id, actor=decision.approver, reason=decision.reason
    )
    tell_closed(move.session, move.facts(denied), at=move.now)
    return denied


def carry_out(move: Move, cluster: ClusterPolicy, request: Request) -> None:
    """Make of an approved request what it asks for: a grant, or a later end of one."""
    if request.extends is None:
        _grant(move, cluster, request)
    else:
        _extend(move, request)


def _grant(move: Move, cluster: ClusterPolicy, request: Request) -> None:
    grant = requests.new_grant(request, cluster_id=str(cluster.id), at=move.now)
    begin(move, grant, request)


def begin(move: Move, grant: Grant, request: Request) -> None:
    """Write down a new grant, which *request* became, and have its rule added."""
    grants.add(move.session, grant)
    clusters.mark_due(move.session, grant.cluster_id, grant.cluster, move.now)
    move.record(
        Action.GRANTED,
        grant.cluster,
        grant.id,
        actor=SYSTEM,
        source=str(grant.source),
        requester=grant.requester,
        approvers=list(request.approvers),
        expires_at=grant.expires_at.isoformat(),
    )


def _extend(move: Move, request: Request) -> None:
    grant = grants.get(move.session, request.extends or 0)
    if grant is None or not grant.wants_rule(move.now):
        raise Refused(f"#{request.extends} has ended, so there is nothing to extend.")
    longer = grant.extend(grant.expires_at + request.granted_duration)
    grants.save(move.session, longer)
    clusters.mark_due(move.session, longer.cluster_id, longer.cluster, move.now)
    move.record(
        Action.EXTENDED,
        longer.cluster,
        longer.id,
        actor=SYSTEM,
        by=show_duration(request.granted_duration),
        extension=request.id,
        approvers=list(request.approvers),
        expires_at=longer.expires_at.isoformat(),
    )
    tell_of_grant(
        move.session,
        GrantExtended(grant=grant_facts(longer), by=request.granted_duration),
        longer,
        move.policy,
        at=move.now,
    )


def _check_policy_still_allows(move: Move, cluster: ClusterPolicy, request: Request) -> People:
    """Refuse what could not be asked for any more; return what is known of those concerned.

    The policy may have changed since the request was made, and people may have lost their rights:
    what holds at this moment counts.
    """
    move.people.require(needed(cluster, [request]))
    if request.kind is RequestKind.ADOPTION:
        cluster.check_adoption(request.duration)
        check_adoptable(move, request.cluster, request.source)
    grant = grants.get(move.session, request.extends) if request.extends else None
    check_may_still_ask(
        cluster,
        request,
        move.people,
        duration=request.duration,
        already=grant.expires_at - grant.approved_at if grant else timedelta(),
    )
    return move.people


def _check_shortened(cluster: ClusterPolicy, request: Request, at_most: timedelta) -> None:
    """An approver may give less than was asked for, but nothing that the policy calls too short.

    A rule that is adopted would go sooner than the approvers before agreed to (P4).
    """
    if request.kind is RequestKind.ADOPTION:
        raise Refused(
            "An expiry can only be approved as it was asked for. Deny it to have another."
        )
    if at_most < cluster.min_duration:
        cluster.check_duration(at_most)
    if at_most > request.duration:
        raise Refused(
            f"#{request.id} is for `{show_duration(request.duration)}`; it cannot be approved for "
            "longer than that."
        )
