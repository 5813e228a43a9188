"""Cluster by cluster: lock, read, plan, write, read back, record.

The reconciler decides nothing. It asks `plan` what the rules should become, writes that, reads the
rules back and asks again; what the last plan sees is recorded, in one transaction with its audit
rows and messages. Whatever fails is retried in the same way until it succeeds.
"""

import time
from collections.abc import Callable
from datetime import datetime

import structlog
from structlog.contextvars import bound_contextvars

from bot.clock import Clock
from bot.domain.lifecycle import GrantState, Request
from bot.domain.ownership import SETTLE
from bot.domain.plan import Plan
from bot.domain.policy import Policy
from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.refusals.delays import (
    ClusterBusy,
    ClusterUnknown,
    FaultOfOurs,
    ListNotTaken,
    NoCallsLeft,
    NoUsableAnswer,
    TokenNotTaken,
)
from bot.providers.base import (
    ApiError,
    Busy,
    ClusterNotFound,
    NotAuthorised,
    Provider,
    Purpose,
    RateLimited,
    Rejected,
)
from bot.reconcile.attempt import Attempt
from bot.reconcile.convergence import Convergence
from bot.reconcile.drift_check import longest_between_checks
from bot.reconcile.first_write import refuse_what_no_longer_holds
from bot.reconcile.outcome import record_failure, record_lost_attempt, record_outcome
from bot.reconcile.planning import Planner
from bot.retry import Backoff
from bot.store import clusters, grants, locks
from bot.store.clusters import Due, Watch
from bot.store.database import Database
from bot.store.failures import DATABASE_UNAVAILABLE
from bot.store.locks import ClusterLocks, Held, Locks

_BACKOFF = Backoff(1.0, 30.0, longest_asked_seconds=300.0)

log = structlog.get_logger()


class Reconciler:
    """Brings clusters' rules in line with their grants. Safe to call from several threads.

    `on_done` is told of each reconcile: how it went, and how many seconds it took. `locks` are the
    database's, unless others are given.
    """

    def __init__(
        self,
        database: Database,
        provider: Provider,
        policy: Callable[[], Policy],
        clock: Clock,
        on_done: Callable[[str, float], None] = lambda _outcome, _seconds: None,
        locks: Locks | None = None,
    ) -> None:
        self._on_done = on_done
        self._database = database
        self._provider = provider
        self._policy = policy
        self._clock = clock
        self._planner = Planner(database, policy, clock)
        self._locks: Locks = locks or ClusterLocks(database)

    def watch_all(self) -> None:
        """Make every cluster in the policy or with a grant due now: at a start (P3, P7)."""
        with self._database.transaction() as session:
            known = dict(grants.clusters_with_grants(session))
            known |= {str(c.id): alias for alias, c in self._policy().clusters.items()}
            clusters.watch(session, known, self._clock.now())

    def due(self, *, most: int) -> list[Due]:
        """Return the clusters to reconcile now, at least that many of each kind if there are.

        Those that some worker is at are left out.
        """
        with self._database.reading() as session:
            now = self._clock.now()
            tries = self._clock.in_seconds(_BACKOFF.longest_asked_seconds) - now
            looks = longest_between_checks(self._policy())
            taken = locks.taken(session)
            most += len(taken)
            found = clusters.due(session, now, looks=looks, tries=tries, most=most)
        return [due for due in found if locks.number(due.id) not in taken]

    def preview(self, cluster_id: str) -> Plan:
        """Return what a reconcile would do now; the rules are read, nothing is written.

        Raises:
            ApiError: the rules cannot be read.
        """
        with self._database.reading() as session:
            now = self._clock.now()
            watch = clusters.get(session, cluster_id) or Watch(cluster_id, cluster_id)
            known = grants.of_cluster(session, cluster_id, ended_since=_lately(watch, now))
        rules = self._provider.read_rules(cluster_id, purpose=Purpose.CHECKS)
        return self._planner.plan(Attempt(watch, tuple(known), began_at=now, rules=rules))

    def reconcile(self, cluster_id: str) -> bool:
        """Reconcile one cluster; return False if another worker is doing so.

        Failures of the API are recorded and retried later, not raised.
        """
        try:
            return self.reconcile_or_raise(cluster_id)
        except ApiError as error:
            log.warning(
                "reconcile failed",
                cluster=self.alias_of(cluster_id),
                error=str(error),
                kind=type(error).__name__,
            )
            return True

    def reconcile_or_raise(self, cluster_id: str) -> bool:
        """As `reconcile`, but raise a failure after recording it.

        Raises:
            ApiError: the rules could not be brought in line this time.
        """
        began, outcome = time.monotonic(), "fault"
        with bound_contextvars(cluster=self.alias_of(cluster_id)):
            try:
                done = self._reconcile(cluster_id)
                outcome = "done" if done else "busy"
            except DATABASE_UNAVAILABLE:
                outcome = "database_away"
                raise
            except ApiError as error:
                outcome = error.kind
                raise
            finally:
                self._on_done(outcome, time.monotonic() - began)
        return done

    def alias_of(self, cluster_id: str) -> str:
        """Return the cluster's name in the policy; its id if it is no longer there."""
        aliases = (a for a, c in self._policy().clusters.items() if str(c.id) == cluster_id)
        return next(aliases, cluster_id)

    def _reconcile(self, cluster_id: str) -> bool:
        with self._locks.hold(cluster_id) as held:
            attempt = self._begin(cluster_id) if held else None
            if held is None or attempt is None:
                return held is not None
            try:
                self._converge(attempt, held)
                held.renew()
                with self._database.transaction() as session:
                    record_outcome(session, self._policy(), attempt, now=self._clock.now())
            except DATABASE_UNAVAILABLE:
                raise  # the cluster is still due when the database is back
            except Exception as error:  # a fault of ours is retried, like one of the API's
                held.renew()
                self._fail(attempt, error)
                raise
            log.info(
                "reconciled",
                writes=len(attempt.writes),
                rules=len(attempt.rules),
            )
            return True

    def _begin(self, cluster_id: str) -> Attempt | None:
        """Load the cluster's grants, and check those again that are not in place yet (P4)."""
        with self._database.transaction() as session:
            watch = clusters.get(session, cluster_id)
            if watch is None:
                return None
            now = self._clock.now()
            asked: dict[int, Request] = {}
            loaded = [
                refuse_what_no_longer_holds(session, self._policy(), grant, asked, now=now)
                for grant in grants.of_cluster(session, cluster_id, ended_since=_lately(watch, now))
            ]
            left_policy = self._policy().by_id(cluster_id) is None
            if left_policy and all(grant.state is GrantState.ENDED for grant in loaded):
                clusters.forget(session, cluster_id)
                return None
            if watch.attempt_at is not None:
                record_lost_attempt(session, watch, now=now)
        return Attempt(watch=watch, loaded=tuple(loaded), began_at=now, asked=asked)

    def _converge(self, attempt: Attempt, held: Held) -> None:
        Convergence(
            attempt,
            held,
            self._planner,
            self._database,
            self._provider,
            self._clock,
            self._policy().instance,
        ).run()

    def _fail(self, attempt: Attempt, error: Exception) -> None:
        wait_seconds = _BACKOFF.seconds(attempt.watch.failures + 1)
        if isinstance(error, RateLimited):
            wait_seconds = min(wait_seconds + error.retry_after, _BACKOFF.longest_asked_seconds)
        with self._database.transaction() as session:
            now, next_at = self._clock.now(), self._clock.in_seconds(wait_seconds)
            words = str(error) if isinstance(error, ApiError) else f"a fault of ours: {error!r}"
            record_failure(
                session,
                self._policy(),
                attempt,
                words,
                now=now,
                next_at=next_at,
                why=_why_delayed(error),
            )


def _why_delayed(error: Exception) -> AnyRefusal:
    """Return what to tell those who wait for access."""
    match error:
        case Busy():
            return ClusterBusy(said=error.message)
        case Rejected():
            return ListNotTaken()
        case RateLimited():
            return NoCallsLeft()
        case NotAuthorised():
            return TokenNotTaken()
        case ClusterNotFound():
            return ClusterUnknown()
        case ApiError():
            return NoUsableAnswer(status=error.status)
        case _:
            return FaultOfOurs()


def _lately(watch: Watch, now: datetime) -> datetime:
    """Return the earliest end of a grant whose rule may still come back: before the last read."""
    return min(now, watch.read_at or now) - SETTLE
