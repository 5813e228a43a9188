"""Errands: commands that were acknowledged and wait for Slack's directory."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from pydantic import ValidationError
from sqlmodel import Session, col, select

from bot.domain.commands import COMMAND, Command
from bot.store.database import insert_into
from bot.store.due import Next, is_due, is_free
from bot.store.tables import ErrandRow

CLAIM_SECONDS = 25  # longer than any call takes; after a crash, the wait is that long
UNREADABLE = "unreadable"  # the outcome of an errand that another version saved

log = structlog.get_logger()


@dataclass(frozen=True)
class ReplyTo:
    """Where one person's answer goes: the interaction's own address, else a direct message.

    `address` is what `bot.slack` passed in, and opaque to all others.
    """

    user_id: str
    address: str | None = None


@dataclass(frozen=True)
class Errand:
    """A claimed errand."""

    id: int
    user_id: str
    team_id: str
    command: Command
    reply_to: ReplyTo
    received_at: datetime
    origin: str
    attempts: int


def add(
    session: Session,
    command: Command,
    *,
    reply_to: ReplyTo,
    team_id: str,
    origin: str,
    at: datetime,
) -> bool:
    """Save a deferred command; False if this interaction (*origin*) was saved already."""
    result = session.execute(
        insert_into(session, ErrandRow)
        .values(
            origin=origin,
            user_id=reply_to.user_id,
            team_id=team_id,
            command=COMMAND.dump_python(command, mode="json"),
            reply={"response_url": reply_to.address},
            received_at=at,
            due_at=at,
            attempts=0,
            outcome="",
        )
        .on_conflict_do_nothing(index_elements=["origin"])
        .returning(col(ErrandRow.id))
    )
    return result.first() is not None


def claim(session: Session, now: datetime, *, until: datetime, most: int) -> list[Errand]:
    """Return errands to carry out now, those due longest first, claimed *until* then."""
    query = (
        select(ErrandRow)
        .where(
            col(ErrandRow.done_at).is_(None),
            is_due(ErrandRow.due_at, now, within=until - now),
            is_free(ErrandRow.claimed_until, now, within=until - now),
        )
        .order_by(col(ErrandRow.due_at), col(ErrandRow.id))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    claimed = []
    for row in session.exec(query):
        row.claimed_until = until
        row.attempts += 1
        session.add(row)
        try:
            claimed.append(_errand(row))
        except ValidationError:  # it was saved by another version
            kind = row.command.get("kind")
            log.error("errand unreadable", errand=row.id, kind=kind)  # noqa: TRY400  # no content
            row.done_at, row.outcome, row.reply = now, UNREADABLE, {}
    return claimed


def finish(session: Session, errand_id: int, at: datetime, outcome: str) -> None:
    """Record that an errand was carried out or refused, and erase where its answer went."""
    row = session.get_one(ErrandRow, errand_id)
    row.done_at, row.outcome, row.reply = at, outcome, {}
    session.add(row)


def reschedule(session: Session, errand_id: int, until: datetime) -> None:
    """Try an errand again later."""
    row = session.get_one(ErrandRow, errand_id)
    row.due_at, row.claimed_until = until, None
    session.add(row)


def next_due() -> Next:
    """Return the query for when the next errand is to be tried."""
    query = select(ErrandRow.due_at).where(
        col(ErrandRow.done_at).is_(None), col(ErrandRow.claimed_until).is_(None)
    )
    return query.order_by(col(ErrandRow.due_at)).limit(1)


def release_claims(session: Session) -> None:
    """Release the claims of a worker that is gone; only the sole worker may do so."""
    for row in session.exec(select(ErrandRow).where(col(ErrandRow.done_at).is_(None))):
        row.claimed_until = None
        session.add(row)


def _errand(row: ErrandRow) -> Errand:
    assert row.id is not None  # noqa: S101  # a row that was read has its number
    return Errand(
        id=row.id,
        user_id=row.user_id,
        team_id=row.team_id,
        command=COMMAND.validate_python(row.command),
        reply_to=ReplyTo(row.user_id, row.reply.get("response_url")),
        received_at=row.received_at,
        origin=row.origin,
        attempts=row.attempts,
    )
