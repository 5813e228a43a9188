"""Next due: when the next thing of each kind is due, asked in one question."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select
from sqlmodel import Session, select

from bot.store import clusters, grants, jobs, requests, stream
from bot.store.jobs import Kind

_PARTS = ("unwarned", "unwarned_adopted", "failing", "moving")  # of what is due by them


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


@dataclass(frozen=True)
class LeadTimes:
    """How long before an end it is announced at the most, and how long trouble lasts until told.

    What comes of it is the earliest time at which there may be something to do.
    """

    warning: timedelta
    warning_of_adopted: timedelta
    alarm: timedelta


def read_next_due(session: Session, lead: LeadTimes) -> NextDue:
    """Return it as it is now."""
    names, question = _question()
    times = dict(zip(names, session.execute(question).one(), strict=True))
    found = {name: times.pop(name) for name in _PARTS}
    return NextDue(
        times
        | {
            "warnings": _earliest(
                (found["unwarned"], -lead.warning),
                (found["unwarned_adopted"], -lead.warning_of_adopted),
            ),
            "failing_alarms": _earliest(
                (found["failing"], lead.alarm), (found["moving"], lead.alarm)
            ),
        }
    )


def _earliest(*times: tuple[datetime | None, timedelta]) -> datetime | None:
    return min((at + after for at, after in times if at is not None), default=None)


@cache  # asked at every tick: composing it took longer than its answer
def _question() -> tuple[list[str], Select[Any]]:
    queries = {
        "expiry": grants.next_end(),
        "lapse": requests.next_lapse(),
        "reminders": requests.next_reminder(),
        "reconcile": clusters.next_due(),
        "stream": stream.next_due(),
        "open_alarms": clusters.next_open_alarm(),
        "unwarned": grants.next_unwarned(adopted=False),
        "unwarned_adopted": grants.next_unwarned(adopted=True),
        "failing": clusters.failing_longest(),
        "moving": grants.moving_longest(),
    }
    queries |= {str(kind): jobs.next_due(kind) for kind in Kind}
    return list(queries), select(*(query.scalar_subquery() for query in queries.values()))
