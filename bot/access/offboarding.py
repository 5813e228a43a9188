"""Offboarding: what somebody had who left the workspace ends, and their approvals lapse (P4)."""

from bot.access.cancel import withdraw
from bot.access.decide import drop_approval
from bot.access.revoke import leave
from bot.access.unit_of_work import UnitOfWork
from bot.domain.actors import Actor
from bot.domain.lifecycle import Grant, RequestState
from bot.store import clusters, grants, requests


def depart(uow: UnitOfWork, user_id: str) -> int:
    """Have all that somebody who left had end now; return how many grants that is.

    Rules that they adopted keep their expiry: those are other people's access. Their approvals of
    what is not decided, or not in place yet, no longer count (P4).
    """
    for pending in requests.pending(uow.session):
        if user_id in pending.approvers:
            _drop_approval_of_departed(uow, pending.id, user_id)
    for applying in grants.applying(uow.session):
        _note_departure(uow, applying, user_id)
    for pending in requests.pending(uow.session, requester=user_id):
        withdraw(uow, pending, by=Actor.DEPARTED, tell=False)
    theirs = [g for g in grants.live(uow.session, requester=user_id) if not g.adopted]
    for grant in theirs:
        leave(uow, grant.revoke(Actor.DEPARTED, uow.now), actor=Actor.DEPARTED)
    return len(theirs)


def _drop_approval_of_departed(uow: UnitOfWork, request_id: int, user_id: str) -> None:
    request = requests.get(uow.session, request_id)
    if request is not None and request.state is RequestState.PENDING:
        drop_approval(uow, request, user_id)


def _note_departure(uow: UnitOfWork, grant: Grant, user_id: str) -> None:
    """Note with a grant that is not in place yet that somebody concerned was deactivated."""
    numbers = {grant.id, *(request.id for request in requests.behind(uow.session, grant.id))}
    for number in sorted(numbers):
        request = requests.get(uow.session, number)
        if request is not None and user_id in (person.id for person in request.concerned):
            requests.save(uow.session, request.depart(user_id))
            clusters.mark_due(uow.session, grant.cluster_id, grant.cluster, uow.now)
