"""Periodic things: what one worker of all does now and then, whatever becomes of the processes."""

from datetime import datetime, timedelta

from sqlmodel import Session, select

from bot.store.database import insert_into
from bot.store.due import is_due
from bot.store.tables import PeriodicRow


def take_turn(session: Session, name: str, now: datetime, *, every: timedelta) -> bool:
    """Tell whether *name* is due, and if so set when it is next; of several workers, one is told.

    The first time is *every* from when it was first asked about.
    """
    due_at = session.exec(select(PeriodicRow.due_at).where(PeriodicRow.name == name)).first()
    if due_at is None:
        session.execute(
            insert_into(session, PeriodicRow)
            .values(name=name, due_at=now + every)
            .on_conflict_do_nothing(index_elements=["name"])
        )
        return False
    if not (due_at <= now or due_at > now + every):
        return False
    query = select(PeriodicRow).where(
        PeriodicRow.name == name, is_due(PeriodicRow.due_at, now, within=every)
    )
    row = session.exec(query.with_for_update(skip_locked=True)).first()
    if row is None:
        return False
    row.due_at = now + every
    session.add(row)
    return True
