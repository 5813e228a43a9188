"""adopt: an expiry for a rule that somebody once added by hand, so that it leaves by itself.

It ends access that other people may depend on, so it takes as many approvers as opening some (P4);
the one who asks for it is the first of them. What only keeps a rule longer takes one approver: more
time before it goes, or none to go at all (`revoke`, which leaves the rule as it was found).
"""

from datetime import timedelta
from typing import Any

from bot.access.adoptable import check_adoptable
from bot.access.deciding import approve_at_once, approve_first
from bot.access.limits import refuse_too_many_requests
from bot.access.move import Move
from bot.access.reasons import given_reason
from bot.domain.blocking import not_there
from bot.domain.durations import show_duration
from bot.domain.lifecycle import Grant, Request, RequestKind
from bot.domain.people import Person
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Field, Refused, about, quoted
from bot.domain.wishes import Adopt, Extend
from bot.store import clusters, requests
from bot.store.audit import Action

_USUAL_EXTENSION = timedelta(days=1)


def adopt(move: Move, wish: Adopt, person: Person) -> Request:
    """Ask that a foreign rule goes after a while; the adopter's own word is the first approval.

    Whether the rule is there is seen when the cluster is read, which is done at once; if it is not,
    the request is denied, or the grant fails, and nothing is added.

    Raises:
        Refused: not an approver, too short or too long, no reason where one is required, or no rule
            that can be adopted.
    """
    cluster = move.cluster(wish.cluster, person)
    cluster.check_may_adopt(person)
    check_adoptable(move, wish.cluster, wish.source)
    _refuse_second_request(move, wish)
    with about(Field.DURATION):
        cluster.check_adoption(wish.duration)
    reason = given_reason(cluster, wish.reason)
    _refuse_without_rules(move, cluster, wish.cluster)
    if cluster.approvals > 1:
        refuse_too_many_requests(move, cluster, person.id)
    made = requests.add(
        move.session,
        kind=RequestKind.ADOPTION,
        cluster=wish.cluster,
        source=wish.source,
        source_name=move.name_of(wish.source),
        duration=wish.duration,
        requester=person.id,
        standing=person.standing,
        reason=reason,
        created_at=move.now,
        lapses_at=move.now + cluster.request_ttl,
        remind_at=move.now + cluster.request_ttl / 2,
        origin=move.origin,
    )
    _record(move, made)
    clusters.mark_due(move.session, str(cluster.id), wish.cluster, move.now)
    return approve_first(move, cluster, made, by=person.id)


def prolong_adoption(
    move: Move, cluster: ClusterPolicy, grant: Grant, wish: Extend, person: Person
) -> Request:
    """Give an adopted rule more time; one approver is enough, since it only stays for longer.

    Raises:
        Refused: not an approver, longer than a rule may have, or no reason where one is required.
    """
    cluster.check_may_adopt(person)
    longer = wish.duration or _USUAL_EXTENSION
    with about(Field.DURATION):
        cluster.check_adoption(grant.expires_at + longer - move.now)
    made = requests.add(
        move.session,
        kind=RequestKind.ADOPTION,
        cluster=grant.cluster,
        source=grant.source,
        source_name=grant.source_name,
        duration=longer,
        requester=person.id,
        standing=person.standing,
        reason=given_reason(cluster, wish.reason),
        created_at=move.now,
        lapses_at=move.now + longer,
        origin=move.origin,
        extends=grant.id,
    )
    _record(move, made, extends=grant.id)
    return approve_at_once(move, cluster, made, by=person.id)


def _refuse_without_rules(move: Move, cluster: ClusterPolicy, alias: str) -> None:
    watch = clusters.get(move.session, str(cluster.id))
    if watch is None or watch.read_at is None or watch.rule_count != 0:
        return
    if move.now - watch.read_at <= move.policy.scheduler.drift:
        raise Refused(not_there(alias))


def _refuse_second_request(move: Move, wish: Adopt) -> None:
    for pending in requests.pending(
        move.session, cluster=wish.cluster, source=wish.source, kind=RequestKind.ADOPTION
    ):
        raise Refused(
            f"An expiry of {quoted(str(wish.source))} waits for approval already: #{pending.id}. "
            f"`/dbaccess cancel {pending.id}` withdraws it."
        )


def _record(move: Move, made: Request, **detail: Any) -> None:
    move.record(
        Action.ADOPTION_REQUESTED,
        made.cluster,
        made.id,
        actor=made.requester,
        source=str(made.source),
        duration=show_duration(made.duration),
        reason=made.reason,
        **detail,
    )
