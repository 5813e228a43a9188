"""Next due: when the next thing of each kind is due, asked in one question."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select
from sqlmodel import Session, select

from bot.store import clusters, grants, jobs, requests, stream
from bot.store.jobs import Kind


@dataclass(frozen=True)
class NextDue:
    """Aware UTC times by the name of the periodic job or the job queue; None: nothing is to come.

    What is not named here is found by polling, at every tick.
    """

    times: dict[str, datetime | None]

    def due(self, now: datetime) -> list[str]:
        """Return the names of those whose time has come."""
        return [name for name, at in self.times.items() if at is not None and at <= now]

    def coming(self, now: datetime) -> datetime | None:
        """Return the next time that is yet to come."""
        return min((at for at in self.times.values() if at is not None and at > now), default=None)


def read_next_due(session: Session) -> NextDue:
    """Return it as it is now."""
    names, question = _question()
    return NextDue(dict(zip(names, session.execute(question).one(), strict=True)))


@cache  # asked at every tick: composing it took longer than its answer
def _question() -> tuple[list[str], Select[Any]]:
    queries = {
        "expiry": grants.next_end(),
        "lapse": requests.next_lapse(),
        "reminders": requests.next_reminder(),
        "reconcile": clusters.next_due(),
        "stream": stream.next_due(),
    }
    queries |= {str(kind): jobs.next_due(kind) for kind in Kind}
    return list(queries), select(*(query.scalar_subquery() for query in queries.values()))
