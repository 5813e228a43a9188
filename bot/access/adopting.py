"""adopt: a rule that somebody once added by hand is put on a timer, so that it leaves by itself."""

from datetime import timedelta

from bot.access.deciding import approve_at_once
from bot.access.move import Move
from bot.domain.durations import show_duration
from bot.domain.lifecycle import Grant, Request, RequestKind
from bot.domain.people import Person
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Refused, quoted
from bot.domain.sources import GUARD, TrustedSource
from bot.domain.wishes import Adopt, Extend
from bot.store import grants, requests
from bot.store.audit import Action

_USUAL_EXTENSION = timedelta(days=1)


def adopt(move: Move, wish: Adopt, person: Person) -> Request:
    """Make a grant of a foreign rule, in the name of the approver who adopts it.

    Whether the rule is there is seen when the cluster is read; if it is not, the grant fails, and
    nothing is added.

    Raises:
        Refused: not an approver, too short or too long, or no rule that can be adopted.
    """
    cluster = move.policy.cluster(wish.cluster)
    cluster.check_may_adopt(person)
    if wish.source == GUARD:
        raise Refused(
            f"{quoted(str(GUARD))} is the guard rule, which keeps the cluster closed. It goes by "
            "itself once other rules do that."
        )
    for grant in grants.live(move.session, cluster=wish.cluster, source=wish.source):
        if grant.owned is not False and grant.wants_rule(move.now):
            raise Refused(
                f"{quoted(str(wish.source))} is on a timer already: #{grant.id}. "
                f"`/dbaccess extend {grant.id} 1d` gives it more time."
            )
    cluster.check_adoption(wish.duration)
    return _take_on(move, cluster, wish.cluster, wish.source, wish.duration, person)


def prolong_adoption(
    move: Move, cluster: ClusterPolicy, grant: Grant, wish: Extend, person: Person
) -> Request:
    """Give an adopted rule more time; one approver is enough, as for the adoption.

    Raises:
        Refused: not an approver, or longer than a rule may be on a timer.
    """
    cluster.check_may_adopt(person)
    longer = wish.duration or _USUAL_EXTENSION
    cluster.check_adoption(grant.expires_at + longer - move.now)
    return _take_on(move, cluster, grant.cluster, grant.source, longer, person, extends=grant)


def _take_on(
    move: Move,
    cluster: ClusterPolicy,
    alias: str,
    source: TrustedSource,
    duration: timedelta,
    person: Person,
    *,
    extends: Grant | None = None,
) -> Request:
    made = requests.add(
        move.session,
        kind=RequestKind.ADOPTION,
        cluster=alias,
        source=source,
        source_name=move.name_of(source),
        duration=duration,
        requester=person.id,
        reason="",
        created_at=move.now,
        lapses_at=move.now + duration,
        origin=move.origin,
        extends=extends.id if extends else None,
    )
    move.record(
        Action.ADOPTED,
        alias,
        made.id,
        actor=person.id,
        source=str(source),
        duration=show_duration(duration),
        **({"extends": extends.id} if extends else {}),
    )
    return approve_at_once(move, cluster, made, by=person.id)
