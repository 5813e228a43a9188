"""Issuer outages: which issuers' keys cannot be read, since when, and the alarms about that."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from bot.store.database import insert_into
from bot.store.tables import IssuerOutageRow


def lasting(session: Session) -> dict[str, IssuerOutageRow]:
    """Return the outages that were noted, by the issuer's key, locked for the transaction."""
    query = select(IssuerOutageRow).order_by(col(IssuerOutageRow.issuer)).with_for_update()
    return {row.issuer: row for row in session.exec(query)}


def begin(session: Session, issuer: str, error: str, *, at: datetime) -> None:
    """Note that an issuer's keys cannot be read, unless another worker just did."""
    session.execute(
        insert_into(session, IssuerOutageRow)
        .values(issuer=issuer, failing_since=at, last_error=error, alarms=0)
        .on_conflict_do_nothing(index_elements=["issuer"])
    )


def end(session: Session, issuers: Collection[str]) -> None:
    """Forget the outages of these issuers."""
    session.execute(delete(IssuerOutageRow).where(col(IssuerOutageRow.issuer).in_(list(issuers))))
