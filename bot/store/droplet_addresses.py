"""Droplet addresses: from where Droplets could connect that have access by their id or tag.

When such access ends, a Droplet may be gone, or its tag, while its sessions are open still. So its
addresses are noted while access is open.
"""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, or_, select

from bot.domain.lifecycle import Grant
from bot.store import jobs
from bot.store.grants import NOT_ENDED
from bot.store.jobs import Job, Kind
from bot.store.tables import GrantRow

_MOST = 1000  # a Kubernetes cluster may have had many nodes in a year


def add_job(session: Session, cluster_id: str, *, at: datetime) -> None:
    """Have the addresses noted that the Droplets with access to a cluster have now."""
    jobs.add_latest(session, Kind.DROPLETS, cluster_id, {"cluster_id": cluster_id}, at=at)


def cluster_of_job(job: Job) -> str:
    """Return the cluster whose Droplets a job is about."""
    return str(job.payload.get("cluster_id"))


def note(session: Session, grant_id: int, addresses: Collection[str]) -> None:
    """Note addresses of the Droplets of a grant, besides those that are noted already."""
    row = session.get_one(GrantRow, grant_id, with_for_update=True)
    known = _noted(row)
    more = sorted(set(addresses) - set(known))
    if more:
        row.droplet_addresses = " ".join([*known, *more][-_MOST:])
        session.add(row)


def known(session: Session, grant: Grant) -> tuple[str, ...]:
    """Return the addresses that were noted of a grant, and of others by which they were let in."""
    rows = select(GrantRow).where(
        GrantRow.cluster_id == grant.cluster_id,
        GrantRow.source_type == grant.source.type,
        GrantRow.source_value == grant.source.value,
        or_(NOT_ENDED, col(GrantRow.ended_at) > grant.approved_at),
    )
    return tuple(sorted({address for row in session.exec(rows) for address in _noted(row)}))


def _noted(row: GrantRow) -> list[str]:
    return row.droplet_addresses.split()
