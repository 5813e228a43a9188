"""When each worker last ran."""

from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Insert, func
from sqlmodel import Session, col, select

from bot.store.database import dialect_of, insert_on
from bot.store.due import LENIENCE
from bot.store.tables import HeartbeatRow

_LATELY = timedelta(minutes=1)
_PROBE = "(write probe)"  # no worker; in this table, for it has to be written somewhere


def beat(session: Session, worker: str, at: datetime) -> None:
    """Record that a worker ran at *at*."""
    session.execute(_write(dialect_of(session)), {"worker": worker, "ticked_at": at})


def last(session: Session, now: datetime) -> datetime | None:
    """Return when any worker last ran; a time in the future does not count."""
    query = select(func.max(HeartbeatRow.ticked_at)).where(HeartbeatRow.worker != _PROBE)
    return session.exec(query.where(HeartbeatRow.ticked_at <= now + LENIENCE)).first()


def alive(session: Session, now: datetime) -> int:
    """Return how many workers ran lately; times in the future do not count."""
    at = col(HeartbeatRow.ticked_at)
    query = select(func.count()).where(HeartbeatRow.worker != _PROBE, at > now - _LATELY)
    return session.exec(query.where(at <= now + LENIENCE)).one()


def probe(session: Session, at: datetime) -> None:
    """Write a tiny row: the proof that something can be saved."""
    beat(session, _PROBE, at)


@cache  # sent again and again: composing it took longer than carrying it out
def _write(dialect: str) -> Insert:
    insert = insert_on(dialect, HeartbeatRow)
    later = {"ticked_at": insert.excluded.ticked_at}
    return insert.on_conflict_do_update(index_elements=["worker"], set_=later)
