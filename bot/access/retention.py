"""retention: what is finished is deleted after its time, and personal data is erased."""

from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from bot.access.service import AccessService
from bot.access.unit_of_work import UnitOfWork
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.policy import Policy
from bot.store import audit, erasure, finished
from bot.store.erasure import Erasable

_AT_ONCE = 500  # rows of each kind in a transaction, so that none is long
_REQUESTS_AT_ONCE = 50  # each with its grant and decisions
_MOST_BATCHES = 20  # in one run; the next one goes on

log = structlog.get_logger()


def keep_for_its_time(access: AccessService) -> None:
    """Delete and erase what the policy does not keep any longer, a batch in each transaction.

    Any number of workers may do so at the same time: each takes what no other has locked.
    """
    for step in (delete_finished, erase_by_policy):
        for _ in range(_MOST_BATCHES):
            if not access.run_step(step):
                break


def delete_finished(uow: UnitOfWork) -> int:
    """Delete a batch of what was finished longer ago than the policy keeps it.

    Jobs and links are personal, too, and are kept no longer than what is.
    """
    kept = uow.policy.retention
    before = uow.now - min(kept.finished, kept.personal or kept.finished)
    deleted = finished.delete_finished(uow.session, before, uow.now, most=_AT_ONCE)
    if deleted:
        log.info("finished rows deleted", rows=deleted)
    return deleted


def erase_by_policy(uow: UnitOfWork) -> int:
    """Erase a batch of the personal data that is older than the policy keeps it, if it says so.

    That goes by whole days in UTC, so that there is one erasure a day and not one a minute.
    """
    before = erased_before(uow.policy.retention.personal, uow.now)
    return erase(uow, before, actor=Actor.DBACCESS) if before else 0


def erased_before(kept: timedelta | None, now: datetime) -> datetime | None:
    """Return from before when personal data is to be erased; None: it is kept."""
    if kept is None:
        return None
    return (now - kept).replace(hour=0, minute=0, second=0, microsecond=0)


def erase(uow: UnitOfWork, before: datetime, *, actor: str) -> int:
    """Erase a batch of personal data from before a time, on record; return of how many rows."""
    rows = erasure.erase_audit(uow.session, before, most=_AT_ONCE)
    over_before = _over_before(uow.policy, before, uow.now)
    requests = erasure.erase_requests(uow.session, over_before, uow.now, most=_REQUESTS_AT_ONCE)
    if not (rows or requests):
        return 0
    audit.record(
        uow.session,
        Action.ERASED,
        at=uow.now,
        actor=actor,
        before=before.isoformat(),
        rows=rows,
        requests=requests,
    )
    log.info("personal data erased", rows=rows, requests=requests)
    return rows + requests


def erase_all(access: AccessService, before: datetime) -> None:
    """Erase all personal data from before a time, as an operator, a batch in each transaction."""

    def step(uow: UnitOfWork) -> int:
        return erase(uow, before, actor=Actor.OPERATOR)

    while access.run_step(step):
        pass


def erasable(session: Session, policy: Policy, before: datetime, now: datetime) -> Erasable:
    """Return how much personal data from before a time there is to erase."""
    return erasure.erasable(session, before, _over_before(policy, before, now), now)


def _over_before(policy: Policy, before: datetime, now: datetime) -> datetime:
    """Return before when a request must have been over.

    For `max_duration` after somebody's access was revoked, who that was still counts.
    """
    longest = max((one.max_duration for one in policy.clusters.values()), default=timedelta())
    return min(before, now - longest)
