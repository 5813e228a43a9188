"""Cluster by cluster: lock, read, plan, write, read back, record.

The reconciler decides nothing. It asks `plan` what the rules should become, writes that, reads the
rules back and asks again; what the last plan sees is recorded, in one transaction with its audit
rows and messages. Whatever fails is tried again, by the same road, until it succeeds.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import structlog
from structlog.contextvars import bound_contextvars

from bot.clock import Clock
from bot.digitalocean import (
    ApiError,
    BudgetSpent,
    Busy,
    ClusterNotFound,
    DigitalOcean,
    NotAuthorised,
    OutcomeUnknown,
    Purpose,
    RateLimited,
    Rejected,
    Unavailable,
)
from bot.domain.lifecycle import Grant, GrantState
from bot.domain.ownership import SETTLE
from bot.domain.plan import MAX_RULES, Plan, plan
from bot.domain.policy import Policy
from bot.domain.rules import Rule
from bot.domain.sources import TrustedSource
from bot.first_write import refuse_what_no_longer_holds
from bot.recording import (
    Attempt,
    Write,
    longest_between_looks,
    record_failure,
    record_lost_attempt,
    record_outcome,
)
from bot.refusals import Search, describe_refused, find_refused
from bot.store import clusters, grants
from bot.store.clusters import Due, Watch
from bot.store.database import AWAY, Database
from bot.store.locks import STANDSTILL_SECONDS, ClusterLocks, Held, Locks

_ROUNDS = 5
_STALE_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0)  # how long a read may lag behind a write
_LONGEST_WAIT_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 300.0  # however much patience the API asks for
_FRESH_SECONDS = STANDSTILL_SECONDS / 2  # the other half is for a write that is under way

_KINDS: dict[type[ApiError], str] = {
    ClusterNotFound: "not_found",
    NotAuthorised: "not_authorised",
    Rejected: "rejected",
    Busy: "busy_cluster",
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
            now = self._clock.now()
            watch = clusters.get(session, cluster_id) or Watch(cluster_id, cluster_id)
            known = grants.of_cluster(session, cluster_id, ended_since=_lately(watch, now))
        rules = self._digitalocean.read_rules(cluster_id, purpose=Purpose.CHECKS)
        return self._plan(Attempt(watch, tuple(known), began_at=now, rules=rules))

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
                writes=len(attempt.writes),
                rules=len(attempt.rules),
            )
            return True

    def _begin(self, cluster_id: str) -> Attempt | None:
        """Load what the cluster's grants want, and note that an attempt is under way.

        What was approved and is not in place yet is looked at once more before that (P4).
        """
        with self._database.transaction() as session:
            watch = clusters.get(session, cluster_id)
            if watch is None:
                return None
            now = self._clock.now()
            loaded = [
                refuse_what_no_longer_holds(session, self._policy(), grant, now=now)
                for grant in grants.of_cluster(session, cluster_id, ended_since=_lately(watch, now))
            ]
            left_policy = self._policy().by_id(cluster_id) is None
            if left_policy and all(grant.state is GrantState.ENDED for grant in loaded):
                clusters.forget(session, cluster_id)
                return None
            if watch.attempt_at is not None:
                record_lost_attempt(session, watch, now=now)
            clusters.begin_attempt(session, cluster_id, now)
        return Attempt(watch=watch, loaded=tuple(loaded), began_at=now)

    def _converge(self, attempt: Attempt, held: Held) -> None:
        """Read, plan and write until a plan has nothing more to write.

        What was read is written upon for a few seconds only: a process that stood still in
        between must not write an old plan when somebody else has been at the cluster since.

        Raises:
            ApiError: the rules could not be brought in line this time.
        """
        search = Search()
        purpose = _purpose_of(attempt)
        lost: list[OutcomeUnknown] = []
        rounds_left, sent = _ROUNDS, 0
        while rounds_left:
            rounds_left -= 1
            fresh = self._read(attempt, held, purpose, just_written=len(attempt.writes) > sent)
            sent = len(attempt.writes)
            last = self._plan(attempt, search)
            if not attempt.writes:
                attempt.stripped = _stripped(attempt, last)
            attempt.outcome, attempt.refused = last, search.refused
            if len(lost) > 1 and last.must_write:
                raise lost[-1]  # read back twice, and not there: tried again after a pause
            if not (last.must_write or search.is_probing):
                if not search.suspects:
                    return
                search.accept()
                continue
            purpose = _purpose_of_write(purpose, last, searching=bool(search.suspects))
            try:
                if self._write(attempt, last, purpose, fresh):
                    search.accept()
            except OutcomeUnknown as error:
                log.warning("answer to a write was lost, reading back")
                lost.append(error)
            except Rejected as error:
                self._raise_if_not_online(attempt, error, purpose)
                if not search.refuse(last.to_add, error.message):
                    self._blame(attempt, search, error)
                rounds_left += 2 * len(search.suspects) + 2
        raise OutcomeUnknown(
            "The trusted sources are not as they were written, time and again: another tool writes "
            "the same list, or DigitalOcean does not keep what it takes",
            cluster_id=attempt.cluster_id,
        )

    def _read(
        self, attempt: Attempt, held: Held, purpose: Purpose, *, just_written: bool
    ) -> "_Fresh":
        """Read the rules; where that shows those of before our write, wait for it to be seen.

        Raises:
            ApiError: they cannot be read, or are still those of before.
        """
        before, pauses = attempt.rules, iter(_STALE_PAUSES_SECONDS)
        is_awaited = just_written and attempt.writes[-1].is_to_be_seen
        while True:
            held.renew()
            fresh = _Fresh(_FRESH_SECONDS)
            rules = self._digitalocean.read_rules(attempt.cluster_id, purpose=purpose)
            if not (is_awaited and rules == before):
                break
            pause = next(pauses, None)
            if pause is None:
                raise OutcomeUnknown(
                    "DigitalOcean took the new rules, but still shows those of before",
                    cluster_id=attempt.cluster_id,
                )
            self._clock.sleep(pause)
        attempt.see(rules, self._policy().instance, just_written=just_written)
        return fresh

    def _write(
        self, attempt: Attempt, last: Plan, purpose: Purpose, fresh: Callable[[], bool]
    ) -> bool:
        """Send what was planned, noting before it whose rules may be ours from now on.

        Returns False where something has ended in the meantime that the plan still adds.

        Raises:
            OutcomeUnknown: the rules may have been replaced.
            ApiError: nothing was changed, and that is noted.
        """
        before = self._note_sending(attempt, last)
        if before is None:
            return False
        attempt.writes.append(Write(last, certain=False))
        try:
            self._digitalocean.write_rules(
                attempt.cluster_id, last.rules, purpose=purpose, sendable=fresh
            )
            attempt.writes[-1] = Write(last, certain=True)
        except OutcomeUnknown:
            raise
        except ApiError:
            attempt.writes.pop()
            self._take_back(attempt, before)
            raise
        return True

    def _note_sending(self, attempt: Attempt, last: Plan) -> dict[int, Grant] | None:
        """Note which rules a write adds, labels and adopts; return their grants as they were.

        Returns None where one of them is not to be added any more (P4); that is noted instead.
        """
        unsent = {g.id for g in attempt.loaded if g.id in last.named and not g.sent_at}
        noted: dict[int, Grant] = {}
        if not (last.to_add or unsent or last.adopts):
            return noted
        now = self._clock.now()
        with self._database.transaction() as session:
            current = grants.get_some(session, [*last.to_add, *unsent, *last.adopts])
            if not all(grant.wants_rule(now) for grant in current):
                attempt.know({grant.id: attempt.as_seen(grant) for grant in current})
                return None
            for grant in current:
                rule = last.adopts.get(grant.id)
                if rule is not None and grant.state is GrantState.APPLYING:
                    grant = grant.find_rule(description=rule.description, rule_uuid=rule.uuid)
                noted[grant.id] = grant.send(now)
                grants.save(session, noted[grant.id])
        before = {grant.id: grant for grant in attempt.loaded if grant.id in noted}
        attempt.know(noted)
        return before

    def _take_back(self, attempt: Attempt, before: Mapping[int, Grant]) -> None:
        """Note that a write was refused: it added nothing."""
        if not before:
            return
        with self._database.transaction() as session:
            for grant in grants.get_some(session, list(before)):
                grants.save(session, grant.take_back(before[grant.id]))
        known = {grant.id: grant for grant in attempt.loaded}
        attempt.know({i: known[i].take_back(earlier) for i, earlier in before.items()})

    def _raise_if_not_online(self, attempt: Attempt, error: Rejected, purpose: Purpose) -> None:
        """Only an online cluster's refusal says something about the rules.

        Raises:
            Busy: the cluster takes no changes at the moment.
            ApiError: its status cannot be read.
        """
        status = self._digitalocean.cluster(attempt.cluster_id, purpose=purpose).status
        if status != "online":
            raise Busy(
                f"The cluster takes no changes while it is {status}: {error.message}",
                attempt.cluster_id,
            ) from error

    def _blame(self, attempt: Attempt, search: Search, error: Rejected) -> None:
        """Find the rule that DigitalOcean refuses although it is there; one of ours has to go.

        Raises:
            Rejected: it is not one of ours.
        """
        if (
            error.message in attempt.watch.last_error
        ):  # found out already; lists of names cost calls
            raise Rejected(attempt.watch.last_error, attempt.cluster_id) from error
        culprits = find_refused(attempt.rules, error.message, self._digitalocean)
        foreign = [rule for rule in culprits if not search.refuse_held(rule, attempt.loaded, error)]
        if foreign or not culprits:
            words = describe_refused(error.message, foreign)
            raise Rejected(words, attempt.cluster_id) from error

    def _plan(self, attempt: Attempt, search: Search | None = None) -> Plan:
        policy = self._policy()
        cluster = policy.by_id(attempt.cluster_id)
        now = self._clock.now()
        known = self._with_named(attempt.cluster_id, attempt.rules, attempt.loaded)
        return plan(
            attempt.rules,
            search.without_refused(known, now) if search else known,
            instance=policy.instance,
            now=now,
            allow_open=cluster.allow_open if cluster else False,
            restore=cluster.on_outside_removal == "restore" if cluster else False,
            takes=cluster.takes if cluster else _takes_nothing,
            max_rules=cluster.max_rules if cluster else MAX_RULES,
            reserved=cluster.reserved_rules if cluster else 0,
            described=attempt.described,
            relabel=attempt.may_relabel,
        )

    def _with_named(
        self, cluster_id: str, rules: Sequence[Rule], known: Sequence[Grant]
    ) -> list[Grant]:
        """Add the cluster's grants that labels name but that ended long ago.

        A label may name a grant of another cluster; nothing was approved for this one by that.
        """
        instance = self._policy().instance
        named = {its_label.grant_id for rule in rules if (its_label := rule.label_of(instance))} - {
            grant.id for grant in known
        }
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
            record_failure(
                session,
                self._policy(),
                attempt,
                words,
                now=now,
                next_at=next_at,
                delayed=isinstance(error, Busy | Rejected),
            )


def _lately(watch: Watch, now: datetime) -> datetime:
    """Return since when a grant ended that a rule may come back of: before the last read."""
    return min(now, watch.read_at or now) - SETTLE


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


def _stripped(attempt: Attempt, first: Plan) -> frozenset[TrustedSource]:
    """Return whose rules of ours had a label when that was last recorded, and have none now."""
    described = attempt.described or frozenset()
    bare = (rule.source for rule in first.unlabelled if not rule.description)
    return frozenset(source for source in bare if source and str(source) in described)
