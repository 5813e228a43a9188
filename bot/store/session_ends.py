"""Session ends: where sessions have to be looked for and ended, as jobs, and how far that has come.

A job is added in the transaction that records that a source is trusted no more.
"""

from datetime import datetime, timedelta
from ipaddress import ip_network

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, select

from bot.domain.addresses import Network
from bot.domain.notices import GrantEnded
from bot.domain.sessions import DatabaseSession
from bot.domain.sources import TrustedSource
from bot.store import jobs
from bot.store.jobs import IS_WAITING, Job, Kind
from bot.store.tables import JobRow
from bot.store.waiting import Waiting


class SessionEnd(BaseModel):
    """What a job has to do, and what it has done so far.

    Attributes:
        source: is trusted no more; any kind but an app, whose addresses nobody knows.
        addresses: where the source let in from, if it was no address itself, as far as is known.
        is_resolved: whether the provider was asked for these after the end, too.
        since: when that was seen.
        notice: what people read about the end of its access; None: it was nobody's.
        unseen_until: until when nobody was seen connected in all of the access's time; None:
            somebody was, or it is not known.
        is_last: it is the second look, for who was just connecting at the first.
        closed: how many sessions have ended so far, all of them in the audit.
        pending: those that may have been ended, and are not in the audit yet.
        refused: those that only a superuser may end.
        alarms: how often the operators were told that it fails; `alarm_at`: when to tell them next.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    cluster_id: str
    cluster: str
    source: TrustedSource
    since: datetime
    notice: GrantEnded | None = None
    unseen_until: datetime | None = None
    addresses: tuple[str, ...] = ()
    is_resolved: bool = False
    is_last: bool = False
    closed: int = 0
    pending: tuple[DatabaseSession, ...] = ()
    refused: tuple[DatabaseSession, ...] = ()
    alarms: int = 0
    alarm_at: datetime | None = None

    @property
    def networks(self) -> tuple[Network, ...]:
        """Where the sessions come from that have to end; empty if that is not known."""
        one = self.source.network
        return (one,) if one else tuple(ip_network(address) for address in self.addresses)

    @property
    def grant_id(self) -> int | None:
        """The number of the access that ended."""
        return self.notice.grant.id if self.notice else None


def add(session: Session, end: SessionEnd, *, at: datetime, after: timedelta | None = None) -> None:
    """Have the sessions of a source ended: now, or *after* some time."""
    jobs.add(
        session,
        Kind.SESSIONS,
        end.model_dump(mode="json"),
        ordering_key=f"sessions:{end.cluster_id}:{end.source}",
        at=at,
        due_at=at + after if after else None,
    )


def of_job(job: Job) -> SessionEnd:
    """Return what a job has to do.

    Raises:
        PermanentError: another version saved it.
    """
    with jobs.reading_payload():
        return SessionEnd.model_validate(job.payload)


def note(session: Session, job: Job, end: SessionEnd) -> bool:
    """Note how far a job has come; False if another worker is at it by now."""
    return jobs.rewrite(session, job, end.model_dump(mode="json"))


def failing(session: Session) -> dict[str, Waiting]:
    """Count, by the cluster's alias, those that have failed so far, and since when they wait."""
    query = select(JobRow.payload).where(
        JobRow.kind == Kind.SESSIONS, IS_WAITING, JobRow.last_error != ""
    )
    since: dict[str, list[datetime]] = {}
    for payload in session.exec(query):
        began = datetime.fromisoformat(str(payload["since"]))
        since.setdefault(str(payload["cluster"]), []).append(began)
    return {cluster: Waiting(len(times), min(times)) for cluster, times in since.items()}
