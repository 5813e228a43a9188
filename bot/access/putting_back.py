"""Put it back: access whose rule somebody removed outside dbaccess goes on, as it was approved."""

from dataclasses import replace

from bot.access.asking import refuse_unfit_cluster, requests_for_the_same
from bot.access.deciding import begin, withdraw
from bot.access.move import Move
from bot.access.pressing import check_is_grant_shown
from bot.domain.durations import show_duration
from bot.domain.entitlement import check_still_holds, needed
from bot.domain.lifecycle import Grant, Request, RequestKind
from bot.domain.notices import GrantPutBack
from bot.domain.people import Person
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Refused
from bot.domain.wishes import PutBack
from bot.store import grants, requests
from bot.store.audit import Action
from bot.telling import post_card, tell_thread


def put_back(move: Move, wish: PutBack, person: Person) -> Request:
    """Let a grant go on under a new number, until the time that it was approved for (P3, P4).

    A grant ends exactly once; so what goes on is a new one, by the words of those who approved the
    first, if all of that would be approved today. An undecided request of its holder for the same
    access is withdrawn: it is not needed.

    Raises:
        Refused: no such grant, not theirs, not removed outside, its time is over, put back already,
            or the policy or the cluster is against it.
        NeedsDirectory: it is not known whether those whom it concerns still have their rights.
    """
    grant, earlier = _removed_outside(move, wish.grant_id)
    check_is_grant_shown(grant, wish.mark)
    move.check_may_touch(grant, person)
    _refuse_second_time(move, grant)
    cluster = _cluster_of(move, grant)
    behind = requests.behind(move.session, grant.id)
    concerned = needed(cluster, behind)
    move.people.require(concerned)
    check_still_holds(cluster, behind, move.people)
    revoked = move.revoked_lately(cluster, grant.requester, grant.cluster)
    if revoked is not None and (revoked.removing_since or move.now) >= grant.approved_at:
        raise Refused(
            f"Access to `{grant.cluster}` was revoked (#{revoked.id}) after #{grant.id} was "
            "approved, so it is not put back. Ask again with `/dbaccess request`."
        )
    _withdraw_requests_for_the_same(move, grant)
    made = requests.add(
        move.session,
        kind=RequestKind.PUT_BACK,
        cluster=grant.cluster,
        source=grant.source,
        source_name=grant.source_name,
        duration=grant.expires_at - move.now,
        requester=grant.requester,
        standing=earlier.standing,
        reason=earlier.reason,
        created_at=move.now,
        lapses_at=grant.expires_at,
        origin=move.origin,
        puts_back=grant.id,
    )
    approved = made.approve_as(earlier, move.now)
    approved = replace(approved, concerned=tuple(move.people[user_id] for user_id in concerned))
    requests.save(move.session, approved)
    move.record(Action.PUT_BACK, approved.cluster, approved.id, actor=person.id, puts_back=grant.id)
    begin(move, grant.put_back(approved.id), approved)
    facts = move.facts(approved)
    post_card(move.session, facts, cluster.channel, at=move.now)
    told = GrantPutBack(request=facts, by=person.id)
    tell_thread(move.session, told, grant.id, at=move.now)
    return approved


def _removed_outside(move: Move, number: int) -> tuple[Grant, Request]:
    grant, request = grants.get(move.session, number), requests.get(move.session, number)
    if grant is None or request is None:
        raise Refused(f"There is no grant #{number}. `/dbaccess list` shows yours.")
    if grant.is_recovered:
        raise Refused(
            f"#{number} was recovered from a rule's label, so nobody is known to have approved it. "
            "Ask again with `/dbaccess request`."
        )
    if not grant.was_removed_outside:
        raise Refused(
            f"#{number} was not taken away outside dbaccess, so there is nothing to put back. "
            "Ask again with `/dbaccess request`."
        )
    if move.now >= grant.expires_at:
        raise Refused(
            f"The time that #{number} was approved for is over. Ask again with `/dbaccess request`."
        )
    return grant, request


def _refuse_second_time(move: Move, grant: Grant) -> None:
    put_back_as = requests.putting_back(move.session, grant.id)
    if put_back_as is not None:
        raise Refused(f"#{grant.id} was put back already, as #{put_back_as.id}.")
    for other in grants.live(
        move.session, requester=grant.requester, cluster=grant.cluster, source=grant.source
    ):
        if other.wants_rule(move.now):
            left = show_duration(other.expires_at - move.now)
            raise Refused(f"There is access from there already: #{other.id}, for `{left}` more.")


def _cluster_of(move: Move, grant: Grant) -> ClusterPolicy:
    """Return what holds for the cluster now."""
    cluster = move.cluster_of(grant)
    if str(cluster.id) != grant.cluster_id:
        raise Refused(f"`{grant.cluster}` is another cluster now than the one of #{grant.id}.")
    refuse_unfit_cluster(move, cluster, grant.cluster)
    return cluster


def _withdraw_requests_for_the_same(move: Move, grant: Grant) -> None:
    """Withdraw what need not be decided any more."""
    for pending in requests_for_the_same(move, grant, grant.requester):
        withdraw(move, pending, by=grant.requester, tell=True)
