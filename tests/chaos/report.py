"""A report on what the bot has recorded, read from its database while it runs or afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, select

from bot.database_url import database_url
from bot.domain.audit_actions import Action
from bot.domain.lifecycle import Grant
from bot.store import audit, grants
from bot.store.audit_entries import Entry
from bot.store.database import Database
from bot.store.jobs import Outcome
from bot.store.tables import AuditRow, GrantRow, JobRow, RequestRow
from tests.processes import Place

_AT_WORK = text(
    "SELECT pid, application_name, state, wait_event, now() - state_change, query "
    "FROM pg_stat_activity WHERE datname = current_database()"
)


@contextmanager
def reading(place: Place) -> Iterator[Session]:
    """Open the bot's database for reading."""
    database = Database(database_url(place.storage.url))
    try:
        with database.reading() as session:
            yield session
    finally:
        database.close()


def all_grants(place: Place) -> list[Grant]:
    """Return every grant there ever was."""
    with reading(place) as session:
        return grants.listing(session, ended_too=True)


def audit_rows(place: Place) -> list[Entry]:
    """Return the whole audit, the oldest first."""
    with reading(place) as session:
        return list(audit.rows(session))


def pending(place: Place) -> list[str]:
    """Return what is still to be delivered or carried out."""
    with reading(place) as session:
        waiting = select(JobRow).where(JobRow.finished_at == None)  # noqa: E711
        return [repr(job) for job in session.exec(waiting)]


def has_pending(place: Place) -> bool:
    """Tell whether anything is."""
    return bool(pending(place))


def dead_lettered(place: Place) -> list[str]:
    """Return which jobs were given up, and why."""
    with reading(place) as session:
        rows = session.exec(select(JobRow).where(JobRow.outcome == Outcome.FAILED))
        return [f"{row.kind} to {row.ordering_key}: {row.last_error}" for row in rows]


def told_by_a_later_message(place: Place) -> set[tuple[str, int]]:
    """Return what was not said of a grant by itself: kinds of notices, and the grant's number."""
    with reading(place) as session:
        rows = session.exec(select(JobRow).where(JobRow.outcome == Outcome.SUPERSEDED))
        notices = [row.payload.get("notice", {}) for row in rows]
    return {(notice["kind"], notice["grant"]["id"]) for notice in notices if "grant" in notice}


def applied_grants(place: Place) -> set[int]:
    """Return the numbers of the grants that were ever applied; the others expired before."""
    return {row.request_id or 0 for row in audit_rows(place) if row.action == Action.APPLIED}


def active_periods(place: Place) -> dict[str, list[tuple[datetime, datetime, datetime]]]:
    """Return for each source, as `type:value`, the periods of its grants.

    A period: when it was approved, when it was known to work, and when it expired or was to end.
    """
    works: dict[int, datetime] = {}
    left: dict[int, datetime] = {}
    for row in audit_rows(place):
        number = row.request_id or 0
        if row.action == Action.APPLIED:
            works[number] = row.at
        elif row.action in {Action.ENDING, Action.ENDED}:
            left[number] = min(row.at, left.get(number, row.at))
    found: dict[str, list[tuple[datetime, datetime, datetime]]] = {}
    for grant in all_grants(place):
        until = min(grant.expires_at, left.get(grant.id, grant.expires_at))
        source = f"{grant.source.type}:{grant.source.value}"
        known = works.get(grant.id, until)
        found.setdefault(source, []).append((grant.approved_at, known, until))
    return found


def dump(place: Place) -> list[str]:
    """Return every row of the database as a line, for whoever looks for a fault."""
    with reading(place) as session:
        tables = (RequestRow, GrantRow, JobRow, AuditRow)
        lines = [repr(row) for table in tables for row in session.exec(select(table))]
        if place.storage.url.startswith("postgresql"):
            lines += [str(tuple(row)) for row in session.connection().execute(_AT_WORK)]
        return lines
