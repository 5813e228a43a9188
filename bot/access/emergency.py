"""Break glass: access at once by written policy, told loudly, and reviewed afterwards."""

from bot.access.asking import (
    refuse_second_grant,
    refuse_unfit_cluster,
    request,
    requests_for_the_same,
)
from bot.access.deciding import approve_at_once, withdraw
from bot.access.move import Move
from bot.access.pressing import check_is_on_its_card, check_is_request_shown
from bot.access.reasons import clean_reason
from bot.domain.durations import show_duration
from bot.domain.lifecycle import Request, RequestKind, RequestState
from bot.domain.notices import Asked, EmergencyAsked, EmergencyOpened, Reviewed
from bot.domain.people import Person, groups_in_question
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Field, Refused, about
from bot.domain.wishes import AskFor, BreakGlass, Review
from bot.store import requests
from bot.store.audit import Action
from bot.telling import tell_operators, tell_thread, update_card


def break_glass(move: Move, wish: BreakGlass, person: Person) -> Request:
    """Grant access now; the approvers and operators hear of it, and somebody has to review it.

    An undecided request of the same person for the same access is withdrawn: it is no longer
    needed. After somebody else revoked their access to this cluster, and while an emergency of
    theirs waits for a review, it becomes an ordinary request, which the approvers decide.

    Raises:
        Refused: the emergency policy or the cluster is against it.
        NeedsDirectory: it becomes a request, and it is not known whether they may make one.
    """
    cluster = move.cluster(wish.cluster, person)
    with about(Field.REASON):
        reason = clean_reason(wish.reason)
    cluster.check_emergency(person, wish.duration, reason)
    unreviewed = requests.unreviewed_emergency(move.session, person.id, of=move.policy.clusters)
    if unreviewed or move.revoked_lately(cluster, person.id, wish.cluster):
        return _ask_instead(move, cluster, wish, person)
    with about(Field.SOURCE):
        cluster.check_source(wish.source)
        refuse_second_grant(move, cluster, wish, person)
    with about(Field.CLUSTER):
        refuse_unfit_cluster(move, cluster, wish.cluster, emergency=True)
    for pending in requests_for_the_same(move, wish, person.id):
        withdraw(move, pending, by=person.id, tell=True)
    made = requests.add(
        move.session,
        kind=RequestKind.EMERGENCY,
        cluster=wish.cluster,
        source=wish.source,
        source_name=move.name_of(wish.source),
        duration=wish.duration,
        requester=person.id,
        standing=person.standing,
        reason=reason,
        created_at=move.now,
        lapses_at=move.now + wish.duration,
        origin=move.origin,
    )
    move.record(
        Action.BROKE_GLASS,
        made.cluster,
        made.id,
        actor=person.id,
        source=str(made.source),
        duration=show_duration(made.duration),
        reason=made.reason,
    )
    every = cluster.emergency.remind_every if cluster.emergency else None
    granted = approve_at_once(move, cluster, made, by="emergency", review_after=every)
    opened = EmergencyOpened(request=move.facts(granted), channel=cluster.channel)
    tell_operators(move.session, opened, move.policy, at=move.now)
    return granted


def answer(move: Move, made: Request) -> Asked | EmergencyAsked:
    """Return the answer to somebody who wanted emergency access."""
    if made.kind is RequestKind.EMERGENCY or made.state is not RequestState.PENDING:
        return Asked(request=move.facts(made))
    return _asked(move, made).model_copy(update={"to_requester": True})


def _ask_instead(move: Move, cluster: ClusterPolicy, wish: BreakGlass, person: Person) -> Request:
    """Ask the approvers, loudly, for what cannot be had at once."""
    groups = groups_in_question(person.id, cluster.requesters)
    if groups:
        move.people.require({person.id: groups})
    asked = AskFor(
        cluster=wish.cluster, source=wish.source, duration=wish.duration, reason=wish.reason
    )
    made = request(move, asked, person)
    if made.state is RequestState.PENDING:
        notice = _asked(move, made)
        tell_thread(move.session, notice, made.id, at=move.now)
        tell_operators(move.session, notice, move.policy, at=move.now)
    return made


def _asked(move: Move, made: Request) -> EmergencyAsked:
    clusters = move.policy.clusters
    unreviewed = requests.unreviewed_emergency(move.session, made.requester, of=clusters)
    return EmergencyAsked(request=move.facts(made), unreviewed=unreviewed)


def review(move: Move, wish: Review, person: Person) -> Request:
    """Close an emergency: an approver has looked into it.

    Raises:
        Refused: no such emergency, not entitled, or reviewed already.
    """
    found = requests.get(move.session, wish.request_id)
    if found is None or found.kind is not RequestKind.EMERGENCY:
        raise Refused(f"#{wish.request_id} was no emergency, so there is nothing to review.")
    check_is_request_shown(found, wish.mark)
    check_is_on_its_card(move, found, wish.container)
    cluster = move.policy.cluster(found.cluster)
    cluster.check_may_review(person, requester=found.requester)
    if not found.wants_review:
        raise Refused(f"#{found.id} was reviewed already. Nothing was changed.")
    reviewed = found.review(person.id, move.now)
    requests.save(move.session, reviewed)
    move.record(Action.REVIEWED, reviewed.cluster, reviewed.id, actor=person.id)
    facts = move.facts(reviewed)
    update_card(move.session, facts, at=move.now)
    notice = Reviewed(request=facts)
    tell_thread(move.session, notice, reviewed.id, at=move.now)
    tell_operators(move.session, notice, move.policy, at=move.now)
    return reviewed
