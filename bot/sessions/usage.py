"""Looks who is connected while access is open, so that it is known where nobody ever was.

A look finds those who are connected at that moment. A shorter connection may be missed.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from ipaddress import ip_address

import structlog
from sqlmodel import Session
from structlog.contextvars import bind_contextvars

from bot.access import AccessService
from bot.access.idle import ask_if_idle
from bot.clock import Clock
from bot.domain.lifecycle import Grant, GrantState
from bot.domain.policy import Policy
from bot.domain.sessions import DatabaseSession
from bot.domain.usage import LOOK_EVERY, Usage
from bot.retry import Backoff
from bot.sessions.base import EVERYWHERE, OpenSessions, SessionsError
from bot.store import grants, jobs, periodic, usage
from bot.store.database import Database
from bot.store.jobs import Job

TURN = "usage"

log = structlog.get_logger()


class UsageLooks:
    """Does the jobs of kind `usage`, one for each cluster. Safe to call from several threads.

    A server that does not answer is left to the next round, and logged once.

    Args:
        database: where grants are, and what is known of each.
        access: asks holders whether they are done.
        policy: returns the current one.
        clock: tells the time.
        open_sessions: connects to a cluster's server.
    """

    backoff = Backoff(5.0, 60.0, longest_asked_seconds=60.0)

    def __init__(
        self,
        database: Database,
        access: AccessService,
        policy: Callable[[], Policy],
        clock: Clock,
        open_sessions: OpenSessions,
    ) -> None:
        self._database = database
        self._access = access
        self._policy = policy
        self._clock = clock
        self._open = open_sessions
        self._failing: set[str] = set()

    def begin_round(self) -> None:
        """Have each server asked once a minute, whichever worker's turn it is."""
        set_up = {str(one.id) for one in self._policy().clusters.values() if one.sessions}
        if not set_up:
            return
        with self._database.transaction() as session:
            now = self._clock.now()
            if not periodic.take_turn(session, TURN, now, every=LOOK_EVERY):
                return
            usage.forget_ended(session)
            for cluster_id, alias in sorted(grants.clusters_with_grants(session)):
                if cluster_id in set_up:
                    usage.add_look(session, cluster_id, alias, now)

    def handle(self, job: Job) -> Callable[[Session], object]:
        """Look who is connected to a cluster, in one question for all that is open on it."""
        cluster_id, alias = usage.cluster_of(job)
        cluster = self._policy().by_id(cluster_id)
        bind_contextvars(cluster=alias)
        with self._database.reading() as session:
            is_watched = bool(_watched(session, cluster_id))
        if cluster is None or cluster.sessions is None or not is_watched:
            return jobs.nothing_more
        now = self._clock.now()
        idle = cluster.sessions.idle
        try:
            with self._open(cluster.sessions.url_env) as sessions:
                there = sessions.of(EVERYWHERE)
        except SessionsError as error:
            self._note_failure(cluster_id, error)
            return jobs.nothing_more
        self._note_success(cluster_id)
        with self._database.transaction() as session:
            found = self._record(session, cluster_id, there, now)
        for known in found:
            if idle is not None and known.is_idle(idle):
                self._access.run_step(partial(ask_if_idle, grant_id=known.grant_id))
        return jobs.nothing_more

    def give_up(self, session: Session, job: Job, error: str) -> None:
        """Leave it to the next round."""

    def _record(
        self, session: Session, cluster_id: str, there: Sequence[DatabaseSession], at: datetime
    ) -> list[Usage]:
        """Note for each open grant whether somebody was there; return what is known by now."""
        addresses = {ip_address(one.address) for one in there}
        watched = {grant.id: grant for grant in _watched(session, cluster_id)}
        found = []
        for known in usage.take(session, watched.values(), at):
            network = watched[known.grant_id].source.network
            is_connected = network is not None and any(one in network for one in addresses)
            found.append(known.look(at, is_connected=is_connected))
            usage.save(session, found[-1])
        return found

    def _note_failure(self, cluster_id: str, error: SessionsError) -> None:
        if cluster_id not in self._failing:
            log.warning("usage unknown", error=str(error))
        self._failing.add(cluster_id)

    def _note_success(self, cluster_id: str) -> None:
        if cluster_id in self._failing:
            log.info("usage known again")
        self._failing.discard(cluster_id)


def _watched(session: Session, cluster_id: str) -> list[Grant]:
    """Return the open grants of a cluster whose addresses are known."""
    return [
        grant
        for grant in grants.listing(session, cluster_id=cluster_id)
        if grant.state is GrantState.ACTIVE and grant.source.network is not None
    ]
