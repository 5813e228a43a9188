"""anchor: once a day the audit's newest digest is posted to the operators' channel."""

from datetime import timedelta

from bot.access.notifications import notify_operators
from bot.access.unit_of_work import UnitOfWork
from bot.domain.notices import AuditAnchor
from bot.store import audit, periodic

_EVERY = timedelta(days=1)


def anchor(uow: UnitOfWork) -> int:
    """Post the newest row's number and digest, once a day however many workers there are.

    Whoever owns the database can truncate or rewrite the audit, but not what was posted to Slack.
    """
    if not periodic.take_turn(uow.session, "audit anchor", uow.now, every=_EVERY):
        return 0
    newest = audit.newest(uow.session)
    if not newest.number:
        return 0
    notice = AuditAnchor(number=newest.number, digest=newest.digest, key=newest.key)
    notify_operators(uow.session, notice, uow.policy, at=uow.now)
    return 1
