"""When each worker last ran."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, select

from bot.store.due import LENIENCE
from bot.store.tables import HeartbeatRow


def beat(session: Session, worker: str, at: datetime) -> None:
    """Record that a worker ran at *at*."""
    session.merge(HeartbeatRow(worker=worker, ticked_at=at))


def last(session: Session, now: datetime) -> datetime | None:
    """Return when any worker last ran; a time in the future does not count."""
    query = select(func.max(HeartbeatRow.ticked_at))
    return session.exec(query.where(HeartbeatRow.ticked_at <= now + LENIENCE)).first()
