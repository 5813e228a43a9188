"""Usage: what is known of each live grant, where somebody looks who is connected."""

from collections.abc import Collection
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from bot.domain.lifecycle import Grant
from bot.domain.usage import Usage
from bot.store import jobs
from bot.store.grants import NOT_ENDED
from bot.store.jobs import Job, Kind
from bot.store.tables import GrantRow, GrantUsageRow

_NAMES = [field.name for field in fields(Usage)]


def begin(session: Session, grant_id: int, at: datetime) -> None:
    """Begin to watch a grant that opens now."""
    session.merge(GrantUsageRow(**asdict(Usage.of_opened(grant_id, at))))


def find(session: Session, grant_id: int) -> Usage | None:
    """Return what is known of a grant; None: nobody looks."""
    row = session.get(GrantUsageRow, grant_id)
    return _usage(row) if row else None


def get(session: Session, grant_id: int) -> Usage | None:
    """Return the same, locked until the transaction ends; whoever needs its grant locks that first.

    As everybody does so, nobody waits for each other.
    """
    row = session.get(GrantUsageRow, grant_id, with_for_update=True)
    return _usage(row) if row else None


def take(session: Session, watched: Collection[Grant], at: datetime) -> list[Usage]:
    """Return what is known of some open grants, by number, locked until the transaction ends."""
    numbers = [grant.id for grant in watched]
    query = select(GrantUsageRow).where(col(GrantUsageRow.grant_id).in_(numbers))
    rows = session.exec(query.order_by(col(GrantUsageRow.grant_id)).with_for_update())
    known = {row.grant_id: _usage(row) for row in rows}
    return [known.get(number) or Usage.of_unwatched(number, at) for number in sorted(numbers)]


def save(session: Session, usage: Usage) -> None:
    """Write down what a look found."""
    session.merge(GrantUsageRow(**asdict(usage)))


def forget_ended(session: Session) -> None:
    """Delete what is known of grants that have ended: their messages have said what was known."""
    live = select(GrantRow.id).where(NOT_ENDED)
    session.execute(
        delete(GrantUsageRow).where(col(GrantUsageRow.grant_id).not_in(live)),
        execution_options={"synchronize_session": False},
    )


def add_look(session: Session, cluster_id: str, alias: str, at: datetime) -> None:
    """Have somebody look who is connected to a cluster."""
    payload = {"cluster_id": cluster_id, "cluster": alias}
    jobs.add_latest(session, Kind.USAGE, cluster_id, payload, at=at)


def cluster_of(job: Job) -> tuple[str, str]:
    """Return the cluster to look at: its UUID and its alias."""
    return str(job.payload.get("cluster_id")), str(job.payload.get("cluster"))


def _usage(row: GrantUsageRow) -> Usage:
    return Usage(**{name: getattr(row, name) for name in _NAMES})
