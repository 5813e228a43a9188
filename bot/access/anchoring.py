"""anchor: once a day the operators' channel is told the audit's newest digest, to keep."""

from datetime import timedelta

from bot.access.move import Move
from bot.domain.notices import AuditAnchor
from bot.store import audit, periodic
from bot.telling import tell_operators

_EVERY = timedelta(days=1)


def anchor(move: Move) -> int:
    """Post the newest row's number and digest, once a day however many workers there are.

    Whoever owns the database can cut the audit off or write it anew, but not what stands in Slack.
    """
    if not periodic.take_turn(move.session, "audit anchor", move.now, every=_EVERY):
        return 0
    newest = audit.newest(move.session)
    if not newest.number:
        return 0
    notice = AuditAnchor(number=newest.number, digest=newest.digest, key=newest.key)
    tell_operators(move.session, notice, move.policy, at=move.now)
    return 1
