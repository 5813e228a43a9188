"""The agenda: when the next thing of each sort comes to its time, asked in one question."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from bot.store import clusters, errands, grants, homes, outbox, requests


@dataclass(frozen=True)
class Agenda:
    """Aware UTC times; None where nothing is to come.

    `clockwork` is the next end, lapse or reminder; `lanes` has the rest, by the lane's name.
    """

    clockwork: datetime | None
    lanes: dict[str, datetime | None]

    def coming(self, now: datetime) -> datetime | None:
        """Return the next time that is yet to come."""
        times = [self.clockwork, *self.lanes.values()]
        return min((at for at in times if at is not None and at > now), default=None)


def read_agenda(session: Session) -> Agenda:
    """Return the agenda as it is now."""
    clockwork = (grants.next_end(), requests.next_lapse(), requests.next_reminder())
    lanes = {
        "reconcile": clusters.next_due(),
        "outbox": outbox.next_due(),
        "errands": errands.next_due(),
        "homes": homes.next_due(),
    }
    asked = [query.scalar_subquery() for query in (*clockwork, *lanes.values())]
    times = session.execute(select(*asked)).one()
    first = [at for at in times[: len(clockwork)] if at is not None]
    return Agenda(
        clockwork=min(first, default=None),
        lanes=dict(zip(lanes, times[len(clockwork) :], strict=True)),
    )
