"""How far the audit was sent to the stream's receiver, and how that goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, literal, update
from sqlmodel import Session, col, select

from bot.domain.audit_chain import GENESIS
from bot.store.database import insert_into, table_of
from bot.store.due import Next
from bot.store.tables import AuditRow, StreamRow

_ONLY = 1


@dataclass(frozen=True)
class Cursor:
    """The last row that was delivered, and the failures in a row since then.

    `due_at` is when to try again; a time in the past where nothing failed. `told_at`: when the
    operators last heard of failures, of these or of earlier ones.
    """

    number: int = 0
    digest: str = GENESIS
    delivered_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    due_at: datetime | None = None
    error: str = ""
    told_at: datetime | None = None

    @property
    def is_told(self) -> bool:
        """Whether the operators heard of these failures."""
        since, told_at = self.failing_since, self.told_at
        return since is not None and told_at is not None and told_at >= since


@dataclass(frozen=True)
class Lag:
    """How many rows are not delivered yet, and when the oldest of them was written."""

    rows: int = 0
    oldest_at: datetime | None = None


def cursor(session: Session) -> Cursor:
    """Return how far it was sent; from the start where it was never sent."""
    row = session.get(StreamRow, _ONLY)
    if row is None:
        return Cursor()
    return Cursor(**{name: getattr(row, name) for name in Cursor.__dataclass_fields__})


def begin(session: Session, now: datetime) -> None:
    """Have a cursor at the start of the audit, unless there is one."""
    statement = insert_into(session, StreamRow).values(id=_ONLY, digest=GENESIS, due_at=now)
    session.execute(statement.on_conflict_do_nothing(index_elements=["id"]))


def save(session: Session, before: Cursor, after: Cursor) -> bool:
    """Move the cursor, unless another worker has moved it from where it was *before*.

    Who has hurried since then is not made to wait: it stays due when they wanted it.
    """
    values: dict[str, Any] = {name: getattr(after, name) for name in Cursor.__dataclass_fields__}
    due_at = table_of(StreamRow).c.due_at
    values["due_at"] = case(
        (due_at.is_not_distinct_from(before.due_at), literal(after.due_at, due_at.type)),
        else_=due_at,
    )
    moved = session.execute(
        update(StreamRow)
        .where(col(StreamRow.id) == _ONLY)
        .where(col(StreamRow.number) == before.number, col(StreamRow.digest) == before.digest)
        .values(**values)
        .returning(col(StreamRow.id)),
        execution_options={"synchronize_session": False},
    )
    return moved.first() is not None


def hurry(session: Session, now: datetime) -> None:
    """Have what failed, or is being tried, tried again now."""
    session.execute(
        update(StreamRow).values(due_at=now),
        execution_options={"synchronize_session": False},
    )


def next_due() -> Next:
    """Return the query for when there is something to send."""
    is_behind = select(AuditRow.id).where(col(AuditRow.id) > StreamRow.number).exists()
    return select(col(StreamRow.due_at)).where(col(StreamRow.id) == _ONLY, is_behind)


def rows(session: Session, first: int, *, most: int) -> Sequence[AuditRow]:
    """Return the rows from a number on, in their order.

    A row's number is given under the lock under which it is committed, so whoever sees a row sees
    all those before it.
    """
    query = select(AuditRow).where(col(AuditRow.id) >= first).order_by(col(AuditRow.id))
    return session.exec(query.limit(most)).all()


def first_since(session: Session, at: datetime) -> int | None:
    """Return the number of the first row from a time on; all rows from that time come after it."""
    return session.exec(select(func.min(AuditRow.id)).where(AuditRow.at >= at)).one()


def lag(session: Session, cursor: Cursor) -> Lag:
    """Return how far the receiver is behind."""
    newest = session.exec(select(func.max(AuditRow.id))).one() or 0
    oldest = select(AuditRow.at).where(col(AuditRow.id) > cursor.number)
    first = session.exec(oldest.order_by(col(AuditRow.id)).limit(1)).first()
    return Lag(max(newest - cursor.number, 0), first)
