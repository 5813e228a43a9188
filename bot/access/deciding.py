"""decide: an approver's word, and what follows when enough have spoken (P4)."""

from datetime import timedelta

from bot.access.adoptable import check_adoptable
from bot.access.move import Move
from bot.access.pressing import check_is_on_its_card, check_is_request_shown
from bot.domain.durations import show_duration
from bot.domain.lifecycle import Decision, Grant, Request, RequestKind, RequestState, Verdict
from bot.domain.notices import GrantExtended, RequestClosed
from bot.domain.people import Person
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

    Raises:
        Refused: not entitled, decided already, lapsed, or no longer within the policy.
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
    cluster.check_may_approve(person, requester=request.requester)
    if request.state is not RequestState.PENDING:
        raise Refused(f"{already(request.id, request.state)} Nothing was changed.")
    if move.now >= request.lapses_at:
        raise Refused(f"{already(request.id, RequestState.LAPSED)} Nothing was changed.")
    decision = Decision(person.id, wish.verdict, move.now, wish.reason, wish.at_most)
    if wish.verdict is Verdict.DENY:
        return _deny(move, request, decision)
    _check_policy_still_allows(move, cluster, request)
    if wish.at_most is not None:
        _check_shortened(cluster, request, wish.at_most)
    moved = request.decide(decision, approvals_needed=cluster.approvals)
    if moved == request:
        raise Refused(
            f"You have approved #{request.id} already. It needs {cluster.approvals} different "
            "approvers."
        )
    shorter = {"at_most": show_duration(wish.at_most)} if wish.at_most else {}
    move.record(Action.APPROVED, moved.cluster, moved.id, actor=person.id, **shorter)
    requests.save(move.session, moved)
    if moved.state is RequestState.APPROVED:
        carry_out(move, cluster, moved)
        if moved.extends is None:
            closed = RequestClosed(request=move.facts(moved))
            tell_person(move.session, closed, moved.requester, at=move.now)
    update_card(move.session, move.facts(moved), at=move.now)
    return moved


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


def _check_policy_still_allows(move: Move, cluster: ClusterPolicy, request: Request) -> None:
    """The policy may have changed since the request was made: the present one counts."""
    if request.kind is RequestKind.ADOPTION:
        cluster.check_adoption(request.duration)
        check_adoptable(move, request.cluster, request.source)
        return
    cluster.check_source(request.source)
    if request.extends is None:
        cluster.check_duration(request.duration)
        return
    grant = grants.get(move.session, request.extends)
    if grant is not None:
        cluster.check_duration(request.duration, already=grant.expires_at - grant.approved_at)


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
