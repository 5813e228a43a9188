"""remind: people are reminded of what has been waiting for them."""

from datetime import timedelta

from bot.access.notifications import notify_operators, notify_thread
from bot.access.unit_of_work import UnitOfWork
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.lifecycle import Request
from bot.domain.notices import RequestReminder, ReviewReminder
from bot.store import requests

_EVERY = timedelta(hours=4)  # for an emergency that is no longer in the policy


def remind(uow: UnitOfWork) -> int:
    """Remind approvers of what waits for their decision or review; return of how many.

    Of a decision once, at half of its time; of a review again and again.
    """
    glasses = [c.emergency for c in uow.policy.clusters.values() if c.emergency]
    rarest = max([_EVERY, *(glass.remind_every for glass in glasses)])
    waiting = requests.to_remind(uow.session, uow.now, reviews_within=rarest)
    for request in waiting:
        if request.wants_review:
            _remind_of_review(uow, request)
        else:
            requests.save(uow.session, request.remind(None))
            notice = RequestReminder(request=uow.facts(request))
            notify_thread(uow.session, notice, request.id, at=uow.now)
        uow.record(Action.REMINDED, request.cluster, request.id, actor=Actor.DBACCESS)
    return len(waiting)


def _remind_of_review(uow: UnitOfWork, request: Request) -> None:
    cluster = uow.policy.clusters.get(request.cluster)
    every = cluster.emergency.remind_every if cluster and cluster.emergency else _EVERY
    requests.save(uow.session, request.remind(uow.now + every))
    notice = ReviewReminder(request=uow.facts(request))
    notify_thread(uow.session, notice, request.id, at=uow.now)
    elsewhere = notice.model_copy(update={"channel": cluster.channel if cluster else ""})
    notify_operators(uow.session, elsewhere, uow.policy, at=uow.now)
