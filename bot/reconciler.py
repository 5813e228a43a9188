"""Cluster by cluster: lock, read, plan, write, read back, record.

The reconciler decides nothing. It asks `plan` what the rules should become, writes that, reads the
rules back and asks again; what the last plan sees is recorded, in one transaction with its audit
rows and messages. Whatever fails is tried again, by the same road, until it succeeds.
"""

import random
import time
from collections.abc import Callable, Sequence

import structlog
from structlog.contextvars import bound_contextvars

from bot.clock import Clock
from bot.digitalocean import (
    ApiError,
    BudgetSpent,
    ClusterNotFound,
    DigitalOcean,
    NotAuthorised,
    OutcomeUnknown,
    Purpose,
    RateLimited,
    Rejected,
    Unavailable,
)
from bot.domain.labels import read_label
from bot.domain.lifecycle import Grant, GrantState
from bot.domain.plan import MAX_RULES, SETTLE, Plan, Rule, is_guard, plan
from bot.domain.policy import Policy
from bot.domain.sources import TrustedSource
from bot.first_write import refuse_what_no_longer_holds
from bot.recording import (
    Attempt,
    longest_between_looks,
    record_failure,
    record_lost_attempt,
    record_outcome,
)
from bot.store import clusters, grants
from bot.store.clusters import Due
from bot.store.database import AWAY, Database
from bot.store.locks import STANDSTILL_SECONDS, ClusterLocks, Held, Locks

_ROUNDS = 5
_LONGEST_WAIT_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 300.0  # however much patience the API asks for
_FRESH_SECONDS = STANDSTILL_SECONDS / 2  # the other half is for a write that is under way

_KINDS: dict[type[ApiError], str] = {
    ClusterNotFound: "not_found",
    NotAuthorised: "not_authorised",
    Rejected: "rejected",
    RateLimited: "rate_limited",
    BudgetSpent: "budget_spent",
    Unavailable: "unavailable",
    OutcomeUnknown: "outcome_unknown",
}

log = structlog.get_logger()


class Reconciler:
    """Brings clusters' rules in line with their grants. Safe to call from several threads.

    `on_done` is told of each reconcile: how it went, and how many seconds it took. `locks` are the
    database's, unless others are given.
    """

    def __init__(
        self,
        database: Database,
        digitalocean: DigitalOcean,
        policy: Callable[[], Policy],
        clock: Clock,
        on_done: Callable[[str, float], None] = lambda _outcome, _seconds: None,
        locks: Locks | None = None,
    ) -> None:
        self._on_done = on_done
        self._database = database
        self._digitalocean = digitalocean
        self._policy = policy
        self._clock = clock
        self._locks: Locks = locks or ClusterLocks(database)

    def watch_all(self) -> None:
        """At start: every cluster, of the policy or with a grant, is due at once (P3, P7)."""
        with self._database.transaction() as session:
            known = dict(grants.clusters_with_grants(session))
            known |= {str(c.id): alias for alias, c in self._policy().clusters.items()}
            clusters.watch(session, known, self._clock.now())

    def due(self, *, most: int) -> list[Due]:
        """Return the clusters to reconcile now, at most that many of each sort."""
        with self._database.reading() as session:
            now = self._clock.now()
            tries = self._clock.in_seconds(_LONGEST_PAUSE_SECONDS) - now
            looks = longest_between_looks(self._policy())
            return clusters.due(session, now, looks=looks, tries=tries, most=most)

    def preview(self, cluster_id: str) -> Plan:
        """Return what a reconcile would do now; the rules are read, nothing is written.

        Raises:
            ApiError: the rules cannot be read.
        """
        with self._database.reading() as session:
            since = self._clock.now() - SETTLE
            known = grants.of_cluster(session, cluster_id, ended_since=since)
        rules = self._digitalocean.read_rules(cluster_id, purpose=Purpose.CHECKS)
        return self._plan(cluster_id, rules, self._with_named(cluster_id, rules, known))

    def reconcile(self, cluster_id: str) -> bool:
        """Bring one cluster in line; return False where somebody else is at it.

        Failures of the API are recorded and tried again later, not raised.
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
        """As `reconcile`, but a failure is raised after it was recorded.

        Raises:
            ApiError: the rules could not be brought in line this time.
        """
        began, outcome = time.monotonic(), "fault"
        with bound_contextvars(cluster=self.alias_of(cluster_id)):
            try:
                done = self._reconcile(cluster_id)
                outcome = "done" if done else "busy"
            except AWAY:
                outcome = "database_away"
                raise
            except ApiError as error:
                outcome = _KINDS.get(type(error), "fault")
                raise
            finally:
                self._on_done(outcome, time.monotonic() - began)
        return done

    def alias_of(self, cluster_id: str) -> str:
        """Return the cluster's name in the policy; its id where that has left the policy."""
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
            except AWAY:
                raise  # the cluster is still due when the database is back
            except Exception as error:  # a fault of ours waits its turn like one of the API's
                self._fail(attempt, error)
                raise
            log.info(
                "reconciled",
                writes=len(attempt.written),
                rules=attempt.rule_count,
            )
            return True

    def _begin(self, cluster_id: str) -> Attempt | None:
        """Load what the cluster's grants want, and note that writes may follow.

        What was approved and is not in place yet is looked at once more before that (P4).
        """
        with self._database.transaction() as session:
            watch = clusters.get(session, cluster_id)
            if watch is None:
                return None
            now = self._clock.now()
            loaded = [
                refuse_what_no_longer_holds(session, self._policy(), grant, now=now)
                for grant in grants.of_cluster(session, cluster_id, ended_since=now - SETTLE)
            ]
            left_policy = self._policy().by_id(cluster_id) is None
            if left_policy and all(grant.state is GrantState.ENDED for grant in loaded):
                clusters.forget(session, cluster_id)
                return None
            if watch.attempt_at is not None:
                record_lost_attempt(session, watch, now=now)
            clusters.begin_attempt(session, cluster_id, now)
            for grant in loaded:
                if grant.state is GrantState.APPLYING:
                    grants.save(session, grant.start_placing(now))
        return Attempt(watch=watch, loaded=tuple(loaded), began_at=now)

    def _converge(self, attempt: Attempt, held: Held) -> None:
        """Read, plan and write until a plan has nothing more to write.

        What was read is written upon for a few seconds only: a process that stood still in
        between must not write an old plan when somebody else has been at the cluster since.

        Raises:
            ApiError: the rules could not be brought in line this time.
        """
        suspects: list[int] = []
        lost: list[OutcomeUnknown] = []
        rounds_left = _ROUNDS
        purpose = _purpose_of(attempt)
        while rounds_left:
            rounds_left -= 1
            held.renew()
            fresh = _Fresh(_FRESH_SECONDS)
            rules = self._digitalocean.read_rules(attempt.cluster_id, purpose=purpose)
            known = self._with_named(attempt.cluster_id, rules, attempt.grants())
            left_out = {*attempt.refused, *suspects[1:]}
            last = self._plan(attempt.cluster_id, rules, [g for g in known if g.id not in left_out])
            attempt.rule_count, attempt.outcome, attempt.absent = len(rules), last, last.to_add
            attempt.guarded = any(is_guard(rule, self._policy().instance) for rule in rules)
            if len(lost) > 1 and last.must_write:
                raise lost[-1]  # read back twice, and not there: tried again after a pause
            if not last.must_write:
                if not suspects:
                    return
                suspects.pop(0)
                continue
            self._note_rewrites(attempt, last)
            self._note_adoptions(attempt, last)
            attempt.written.append(last)
            attempt.absent = frozenset()
            purpose = _purpose_of_write(purpose, last, searching=bool(suspects))
            try:
                self._digitalocean.write_rules(
                    attempt.cluster_id, last.rules, purpose=purpose, sendable=fresh
                )
            except BudgetSpent:
                attempt.written.pop()
                attempt.absent = last.to_add
                raise
            except OutcomeUnknown as error:
                log.warning("answer to a write was lost, reading back")
                lost.append(error)
            except Rejected as error:
                attempt.written.pop()
                attempt.absent = last.to_add
                suspects = _next_suspects(attempt, last, suspects, error)
                rounds_left += 2 * len(suspects) + 1
        raise OutcomeUnknown("the rules keep changing under us", cluster_id=attempt.cluster_id)

    def _note_rewrites(self, attempt: Attempt, last: Plan) -> None:
        """Note before the write which vanished rules it puts back; rare, so the time is spent."""
        again = [
            grant
            for grant in attempt.loaded
            if grant.id in last.to_add and grant.state is GrantState.ACTIVE
        ]
        if again:
            with self._database.transaction() as session:
                for before in again:
                    grant = grants.get(session, before.id)
                    if grant is not None and grant.state is GrantState.ACTIVE:
                        grants.save(session, grant.write_again(self._clock.now()))

    def _note_adoptions(self, attempt: Attempt, last: Plan) -> None:
        """Note before the write what the rules said that get our label: they may get it back."""
        if not last.adopts:
            return
        noted: dict[int, Grant] = {}
        with self._database.transaction() as session:
            for grant in grants.get_some(session, list(last.adopts)):
                if grant.state is GrantState.APPLYING:
                    rule = last.adopts[grant.id]
                    found = grant.find_rule(description=rule.description, rule_uuid=rule.uuid)
                    grants.save(session, found)
                    noted[grant.id] = found
        attempt.loaded = tuple(noted.get(grant.id, grant) for grant in attempt.loaded)

    def _plan(self, cluster_id: str, rules: Sequence[Rule], known: Sequence[Grant]) -> Plan:
        policy = self._policy()
        cluster = policy.by_id(cluster_id)
        return plan(
            rules,
            known,
            instance=policy.instance,
            now=self._clock.now(),
            allow_open=cluster.allow_open if cluster else False,
            restore=cluster.on_outside_removal == "restore" if cluster else False,
            takes=cluster.takes if cluster else _takes_nothing,
            max_rules=cluster.max_rules if cluster else MAX_RULES,
            reserved=cluster.reserved_rules if cluster else 0,
        )

    def _with_named(
        self, cluster_id: str, rules: Sequence[Rule], known: Sequence[Grant]
    ) -> list[Grant]:
        """Add the cluster's grants that labels name but that ended long ago.

        A label may name a grant of another cluster; nothing was approved for this one by that.
        """
        instance = self._policy().instance
        named = {
            its_label.grant_id
            for rule in rules
            if (its_label := read_label(rule.description)) and its_label.instance == instance
        } - {grant.id for grant in known}
        if not named:
            return list(known)
        with self._database.reading() as session:
            found = [grants.get(session, grant_id) for grant_id in named]
        return [*known, *(grant for grant in found if grant and grant.cluster_id == cluster_id)]

    def _fail(self, attempt: Attempt, error: Exception) -> None:
        wait_seconds = min(2.0 ** min(attempt.watch.failures, 10), _LONGEST_WAIT_SECONDS)
        wait_seconds *= 0.75 + random.random() / 2  # noqa: S311  # jitter, not a secret
        if isinstance(error, RateLimited):
            wait_seconds = min(wait_seconds + error.retry_after, _LONGEST_PAUSE_SECONDS)
        with self._database.transaction() as session:
            now, next_at = self._clock.now(), self._clock.in_seconds(wait_seconds)
            words = str(error) if isinstance(error, ApiError) else f"a fault of ours: {error!r}"
            record_failure(session, attempt, words, now=now, next_at=next_at)


def _takes_nothing(_source: TrustedSource) -> bool:
    """What a cluster takes that has left the policy."""
    return False


class _Fresh:
    """Tells for so many seconds that something is fresh, by both clocks a machine has.

    The monotonic clock cannot be set, but it stands still while a machine sleeps.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._monotonic, self._wall = time.monotonic(), time.time()

    def __call__(self) -> bool:
        """Tell whether it still is."""
        by_monotonic = time.monotonic() - self._monotonic
        return by_monotonic < self._seconds and time.time() - self._wall < self._seconds


def _purpose_of(attempt: Attempt) -> Purpose:
    """Return what a cluster is read for: the most urgent of what its grants wait for (P3)."""
    if any(grant.is_leaving(attempt.began_at) for grant in attempt.loaded):
        return Purpose.ENDS
    if any(grant.state is GrantState.APPLYING for grant in attempt.loaded):
        return Purpose.STARTS
    return Purpose.CHECKS


def _purpose_of_write(purpose: Purpose, last: Plan, *, searching: bool) -> Purpose:
    """Return what a plan is written for.

    A look may find what has to go. The search for a rule that the API will not take is not part
    of an end.
    """
    if last.removes:
        return Purpose.ENDS
    return Purpose.STARTS if searching or purpose is Purpose.CHECKS else purpose


def _next_suspects(attempt: Attempt, last: Plan, suspects: list[int], error: Rejected) -> list[int]:
    """One bad rule has the whole list refused: find it by adding one grant's rule at a time."""
    if not last.to_add:
        raise error
    if not suspects and len(last.to_add) > 1:
        return sorted(last.to_add)
    for grant_id in last.to_add:
        attempt.refused[grant_id] = error.message
    return suspects[1:]
