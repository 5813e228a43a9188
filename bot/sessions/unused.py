"""Access that nobody was seen to connect through: said at its end, where that is known."""

from datetime import datetime

from sqlmodel import Session

from bot.access.notifications import notify_of_grant
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.notices import SessionCounts
from bot.domain.policy import Policy
from bot.domain.usage import GAP
from bot.store import audit, grants
from bot.store.session_ends import SessionEnd


def tell_unused(session: Session, end: SessionEnd, policy: Policy, at: datetime) -> SessionEnd:
    """Add to the message about the end that nobody was connected, if the first look says so, too.

    Not where that look came too late to tell.
    """
    if end.notice is None or end.unseen_until is None:
        return end
    if abs(at - end.unseen_until) > GAP:
        return end.model_copy(update={"unseen_until": None})
    notice = end.notice.model_copy(update={"sessions": SessionCounts(unseen=True)})
    notify_of_grant(session, notice, policy, at=at, anew=False)
    return end


def note_unused(session: Session, end: SessionEnd, at: datetime) -> None:
    """Write down that access was never used, once the last look has found nobody either."""
    if end.grant_id is None or end.unseen_until is None:
        return
    ended = grants.get(session, end.grant_id)
    if ended is None:
        return
    grants.save(session, ended.find_unused())
    audit.record(
        session,
        Action.UNUSED,
        at=at,
        actor=Actor.DBACCESS,
        cluster=end.cluster,
        request_id=ended.id,
    )
