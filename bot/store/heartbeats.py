"""When each worker last looked."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, select

from bot.store.tables import HeartbeatRow


def beat(session: Session, worker: str, at: datetime) -> None:
    """Note that a worker looked at *at*."""
    session.merge(HeartbeatRow(worker=worker, ticked_at=at))


def last(session: Session) -> datetime | None:
    """Return when any worker looked last."""
    return session.exec(select(func.max(HeartbeatRow.ticked_at))).first()
