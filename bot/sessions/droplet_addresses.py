"""Notes from where Droplets can connect, while they have access by their id or tag."""

from collections.abc import Callable

import structlog
from sqlmodel import Session
from structlog.contextvars import bind_contextvars

from bot.domain.sources import SourceType
from bot.providers.base import ApiError, NotAuthorised, Provider, Purpose
from bot.retry import Backoff, TemporaryError
from bot.sessions.droplets import addresses_behind
from bot.store import droplet_addresses, grants, jobs
from bot.store.database import Database
from bot.store.jobs import Job

log = structlog.get_logger()


class DropletAddresses:
    """Does the jobs of kind `droplets`. Safe to call from several threads."""

    backoff = Backoff(5.0, 60.0, longest_asked_seconds=120.0)

    def __init__(self, database: Database, provider: Provider) -> None:
        self._database = database
        self._provider = provider

    def handle(self, job: Job) -> Callable[[Session], object]:
        """Note the addresses of all Droplets that have access to one cluster.

        Raises:
            TemporaryError: they cannot be listed now.
        """
        cluster_id = droplet_addresses.cluster_of_job(job)
        bind_contextvars(cluster=cluster_id)
        try:
            droplets = self._provider.list_sources(SourceType.DROPLET, purpose=Purpose.CHECKS)
        except NotAuthorised as error:  # `dbaccess check` says so, and so does the end of access
            log.warning("droplets not listed", error=str(error))
            return jobs.nothing_more
        except ApiError as error:
            raise TemporaryError(str(error)) from error
        with self._database.transaction() as session:
            for grant in grants.listing(session, cluster_id=cluster_id):
                if grant.is_live and grant.source.lets_in_droplets:
                    there = addresses_behind(grant.source, droplets)
                    droplet_addresses.note(session, grant.id, there)
        return jobs.nothing_more

    def give_up(self, session: Session, job: Job, error: str) -> None:
        """Leave it to the next drift check."""
