"""remind: what waits for somebody for long is brought up again."""

from datetime import timedelta

from bot.access.move import Move
from bot.domain.lifecycle import Request
from bot.domain.notices import RequestReminder, ReviewReminder
from bot.store import requests
from bot.store.audit import SYSTEM, Action
from bot.telling import tell_operators, tell_thread

_EVERY = timedelta(hours=4)  # for an emergency that the policy no longer knows


def remind(move: Move) -> int:
    """Remind approvers of what waits for their decision, or review; return of how many.

    A decision is brought up once, at half of its time; a review again and again.
    """
    glasses = [c.emergency for c in move.policy.clusters.values() if c.emergency]
    rarest = max([_EVERY, *(glass.remind_every for glass in glasses)])
    waiting = requests.to_remind(move.session, move.now, reviews_within=rarest)
    for request in waiting:
        if request.wants_review:
            _remind_of_review(move, request)
        else:
            requests.save(move.session, request.remind(None))
            notice = RequestReminder(request=move.facts(request))
            tell_thread(move.session, notice, request.id, at=move.now)
        move.record(Action.REMINDED, request.cluster, request.id, actor=SYSTEM)
    return len(waiting)


def _remind_of_review(move: Move, request: Request) -> None:
    cluster = move.policy.clusters.get(request.cluster)
    every = cluster.emergency.remind_every if cluster and cluster.emergency else _EVERY
    requests.save(move.session, request.remind(move.now + every))
    notice = ReviewReminder(request=move.facts(request))
    tell_thread(move.session, notice, request.id, at=move.now)
    tell_operators(move.session, notice, move.policy, at=move.now)
