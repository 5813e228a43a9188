"""revoke, depart, expire, lapse, warn: how grants and requests come to their end."""

from datetime import timedelta

from bot.access.asking import live_grant
from bot.access.deciding import drop_approval, withdraw
from bot.access.move import Move
from bot.access.pressing import check_is_grant_shown
from bot.domain.lifecycle import DEPARTED, Grant, GrantState, RequestState
from bot.domain.notices import GrantEnded, GrantExpiring
from bot.domain.people import Person
from bot.domain.policy import Policy
from bot.domain.refusal import Refused
from bot.domain.wishes import Revoke
from bot.store import clusters, grants, homes, requests
from bot.store.audit import SYSTEM, Action
from bot.telling import grant_facts, tell_closed, tell_of_grant

_AT_ONCE = 200
_ADOPTED_WARNING = timedelta(days=1)


def revoke(move: Move, wish: Revoke, person: Person) -> Grant:
    """Have a live grant end now. The rule of an adopted one stays: only its clock is stopped.

    Raises:
        Refused: no such live grant, or not theirs to end.
    """
    grant = live_grant(move, wish.grant_id)
    check_is_grant_shown(grant, wish.mark)
    move.check_may_touch(grant, person)
    return leave(move, grant.revoke(person.id, move.now), actor=person.id)


def revoke_as_operator(move: Move, grant_id: int, *, actor: str) -> Grant:
    """Have a live grant end now, from the command line.

    Raises:
        Refused: no such live grant.
    """
    grant = live_grant(move, grant_id)
    return leave(move, grant.revoke(actor, move.now), actor=actor)


def depart(move: Move, user_id: str) -> int:
    """Have all that somebody who left had end now; return how many grants that is.

    Rules that they adopted keep their expiry: those are other people's access. Their approvals of
    what is not decided, or not in place yet, no longer count (P4).
    """
    for pending in requests.pending(move.session):
        if user_id in pending.approvers:
            _drop_approval_of_departed(move, pending.id, user_id)
    for applying in grants.applying(move.session):
        _note_departure(move, applying, user_id)
    for pending in requests.pending(move.session, requester=user_id):
        withdraw(move, pending, by=DEPARTED, tell=False)
    theirs = [g for g in grants.live(move.session, requester=user_id) if not g.adopted]
    for grant in theirs:
        leave(move, grant.revoke(DEPARTED, move.now), actor=DEPARTED)
    return len(theirs)


def _drop_approval_of_departed(move: Move, request_id: int, user_id: str) -> None:
    request = requests.get(move.session, request_id)
    if request is not None and request.state is RequestState.PENDING:
        drop_approval(move, request, user_id)


def _note_departure(move: Move, grant: Grant, user_id: str) -> None:
    """Note with a grant that is not in place yet that somebody who approved it has left."""
    numbers = {grant.id, *(request.id for request in requests.behind(move.session, grant.id))}
    for number in sorted(numbers):
        request = requests.get(move.session, number)
        if request is not None and user_id in (person.id for person in request.concerned):
            requests.save(move.session, request.depart(user_id))
            clusters.mark_due(move.session, grant.cluster_id, grant.cluster, move.now)


def close_for_gone_cluster(move: Move, grant_id: int, *, actor: str) -> Grant:
    """End a grant whose cluster is no more: there is no rule left to take away.

    Raises:
        Refused: no such grant, or it has ended.
    """
    grant = grants.get(move.session, grant_id)
    if grant is None or grant.state is GrantState.ENDED:
        raise Refused(f"There is no grant #{grant_id} that has not ended.")
    leaving = grant.revoke(actor, move.now) if grant.is_live else grant
    ended = leaving.end(move.now)
    grants.save(move.session, ended)
    move.record(
        Action.ENDED,
        ended.cluster,
        ended.id,
        actor=actor,
        reason=ended.end_reason,
        cluster_gone=True,
    )
    notice = GrantEnded(grant=grant_facts(ended))
    tell_of_grant(move.session, notice, ended, move.policy, at=move.now)
    return ended


def expire(move: Move) -> int:
    """Have grants end whose time is up, the first ones first; return how many.

    Many at once are ended in parts, so that the first rules are on their way meanwhile.
    """
    overdue = grants.overdue(move.session, move.now, most=_AT_ONCE)
    for grant in overdue:
        leave(move, grant.expire(move.now), actor=SYSTEM)
    return len(overdue)


def lapse(move: Move) -> int:
    """Close each request that nobody decided in time, or whose grant has ended; return how many."""
    lapsing = requests.lapsing(move.session, move.now)
    for request in lapsing:
        lapsed = request.lapse(move.now)
        requests.save(move.session, lapsed)
        move.record(Action.LAPSED, lapsed.cluster, lapsed.id, actor=SYSTEM)
        tell_closed(move.session, move.facts(lapsed), at=move.now)
    return len(lapsing)


def warn(move: Move) -> int:
    """Announce each end that is near; return how many.

    A grant shorter than twice `warn_before` is warned at its half. The end of an adopted rule is
    announced a day before, since more than one person may depend on it.
    """
    warned = 0
    for before, aliases in _alike(move.policy).items():
        for adopted, within in ((False, before), (True, max(before, _ADOPTED_WARNING))):
            near = grants.unwarned(
                move.session, move.now, clusters=aliases, adopted=adopted, within=within
            )
            for grant in near:
                half = (grant.expires_at - grant.approved_at) / 2
                if move.now >= grant.expires_at - min(within, half):
                    _warn(move, grant)
                    warned += 1
    return warned


def _alike(policy: Policy) -> dict[timedelta, list[str]]:
    """Return the clusters by their `warn_before`: most companies have one or two."""
    alike: dict[timedelta, list[str]] = {}
    for alias, cluster in policy.clusters.items():
        alike.setdefault(cluster.warn_before, []).append(alias)
    return alike


def _warn(move: Move, grant: Grant) -> None:
    grants.save(move.session, grant.warn(move.now))
    move.record(Action.WARNED, grant.cluster, grant.id, actor=SYSTEM)
    notice = GrantExpiring(grant=grant_facts(grant))
    tell_of_grant(move.session, notice, grant, move.policy, at=move.now)


def leave(move: Move, leaving: Grant, *, actor: str) -> Grant:
    """Write down that a grant is to end, and have its rule taken away or let go."""
    grants.save(move.session, leaving)
    clusters.mark_due(move.session, leaving.cluster_id, leaving.cluster, move.now)
    homes.touch(move.session, leaving.requester, cluster=None, at=move.now)
    stays = {"rule": "stays"} if leaving.leaves_rule else {}
    move.record(
        Action.ENDING, leaving.cluster, leaving.id, actor=actor, reason=leaving.end_reason, **stays
    )
    return leaving
