"""Read, plan, write and read back, until a plan has nothing more to write."""

from collections.abc import Callable, Mapping

import structlog

from bot.clock import Clock
from bot.domain.lifecycle import Grant, GrantState
from bot.domain.plan import Plan
from bot.domain.sources import TrustedSource
from bot.providers.base import (
    ApiError,
    Busy,
    ClusterNotFound,
    OutcomeUnknown,
    Provider,
    Purpose,
    Rejected,
)
from bot.reconcile.attempt import Attempt, Write
from bot.reconcile.planning import Planner
from bot.reconcile.refusals import Search, describe_refused, find_refused, is_told
from bot.store import clusters, grants
from bot.store.database import Database
from bot.store.locks import STANDSTILL_SECONDS, Held

_ROUNDS = 5
_STALE_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0)  # how stale a read may be after a write
FRESH_SECONDS = STANDSTILL_SECONDS / 2  # the other half is left for a write in flight

log = structlog.get_logger()


class Convergence:
    """Brings the rules of one cluster in line, within one attempt, under the cluster's lock."""

    def __init__(
        self,
        attempt: Attempt,
        held: Held,
        planner: Planner,
        database: Database,
        provider: Provider,
        clock: Clock,
        instance: str,
    ) -> None:
        self._attempt = attempt
        self._held = held
        self._planner = planner
        self._database = database
        self._provider = provider
        self._clock = clock
        self._instance = instance
        self._purpose = _purpose_of(attempt)

    def run(self) -> None:
        """Read, plan and write until a plan has nothing more to write.

        A read is used for a few seconds only: a process that was frozen in between must not write
        an old plan after another one has changed the cluster.

        Raises:
            ApiError: the rules could not be brought in line this time.
        """
        search = Search()
        lost: list[OutcomeUnknown] = []
        rounds_left, sent = _ROUNDS, 0
        while rounds_left:
            rounds_left -= 1
            fresh = self._read(just_written=len(self._attempt.writes) > sent)
            sent = len(self._attempt.writes)
            last = self._plan(search)
            if len(lost) > 1 and last.must_write:
                raise lost[-1]  # not there at two reads: retried after a pause
            if search.is_probing and not last.rules:  # open to all by now: nothing to try
                search = Search()
            elif last.must_write or search.is_probing:
                rounds_left += self._try(last, search, fresh, lost)
            elif search.suspects:
                search.accept()
            else:
                return
        raise OutcomeUnknown(
            "The trusted sources are not as they were written, time and again: another tool writes "
            "the same list, or DigitalOcean does not keep what it takes",
            cluster_id=self._attempt.cluster_id,
        )

    def _plan(self, search: Search) -> Plan:
        last = self._planner.plan(self._attempt, search)
        if not self._attempt.writes:
            self._attempt.stripped = _stripped(self._attempt, last)
        self._attempt.outcome, self._attempt.refused = last, search.refused
        return last

    def _try(
        self,
        last: Plan,
        search: Search,
        fresh: Callable[[], bool],
        lost: list[OutcomeUnknown],
    ) -> int:
        """Write what was planned; return how many more rounds the search for a refused rule needs.

        Raises:
            ApiError: it could not be written; a lost answer is appended to *lost* instead.
        """
        self._purpose = _purpose_of_write(self._purpose, last, searching=bool(search.suspects))
        try:
            if self._write(last, fresh):
                search.accept()
        except OutcomeUnknown as error:
            log.warning("answer to a write was lost, reading back")
            lost.append(error)
        except Rejected as error:
            self._raise_if_not_online(error)
            if not search.refuse(last.to_add, error.message):
                self._blame(search, error)
            return 2 * len(search.suspects) + 2  # each blame refuses one more grant
        return 0

    def _read(self, *, just_written: bool) -> "_Fresh":
        """Read the rules; if the read is from before our write, wait until the write shows.

        Raises:
            ApiError: they cannot be read, or still do not show the write.
        """
        before, pauses = self._attempt.rules, iter(_STALE_PAUSES_SECONDS)
        is_awaited = just_written and self._attempt.writes[-1].is_to_be_seen
        while True:
            self._held.renew()
            fresh = _Fresh(self._clock, FRESH_SECONDS)
            rules = self._provider.read_rules(self._attempt.cluster_id, purpose=self._purpose)
            if not (is_awaited and rules == before):
                break
            pause = next(pauses, None)
            if pause is None:
                raise OutcomeUnknown(
                    "DigitalOcean took the new rules, but still shows those of before",
                    cluster_id=self._attempt.cluster_id,
                )
            self._clock.sleep(pause)
        self._attempt.see(rules, self._instance, just_written=just_written)
        return fresh

    def _write(self, last: Plan, fresh: Callable[[], bool]) -> bool:
        """Send what was planned, after recording whose rules may be ours from now on.

        Returns False if a grant whose rule the plan adds has ended in the meantime.

        Raises:
            OutcomeUnknown: the rules may have been replaced.
            ApiError: nothing was changed, and that is recorded.
        """
        self._held.renew()
        before = self._note_sending(last)
        if before is None:
            return False
        self._attempt.writes.append(Write(last, certain=False))
        try:
            self._provider.write_rules(
                self._attempt.cluster_id, last.rules, purpose=self._purpose, sendable=fresh
            )
            self._attempt.writes[-1] = Write(last, certain=True)
        except OutcomeUnknown:
            raise
        except ApiError:
            self._attempt.writes.pop()
            self._take_back(before)
            raise
        return True

    def _note_sending(self, last: Plan) -> dict[int, Grant] | None:
        """Record which rules a write adds, labels and adopts; return their grants as they were.

        Recorded, too, is that the attempt writes, and which rules it removes that no grant accounts
        for: if this process is killed, the next one sees no trace of them.

        Returns None if one of them must not be added any more (P4); then that is recorded instead.
        """
        unsent = {g.id for g in self._attempt.loaded if g.id in last.named and not g.sent_at}
        unowned = self._removed_without_grant(last)
        noted: dict[int, Grant] = {}
        is_first = not self._attempt.writes
        if not (last.to_add or unsent or last.adopts or unowned or is_first):
            return noted
        now = self._clock.now()
        with self._database.transaction() as session:
            if unowned:
                clusters.note_removing(session, self._attempt.cluster_id, unowned)
            current = grants.get_some(session, [*last.to_add, *unsent, *last.adopts])
            if not all(grant.wants_rule(now) for grant in current):
                self._attempt.know({grant.id: self._attempt.as_seen(grant) for grant in current})
                return None
            for grant in current:
                rule = last.adopts.get(grant.id)
                if rule is not None and grant.state is GrantState.APPLYING:
                    grant = grant.find_rule(description=rule.description, rule_uuid=rule.uuid)
                noted[grant.id] = grant.send(now)
                grants.save(session, noted[grant.id])
            if is_first:
                clusters.note_attempt(session, self._attempt.cluster_id, now)
        before = {grant.id: grant for grant in self._attempt.loaded if grant.id in noted}
        self._attempt.know(noted)
        return before

    def _removed_without_grant(self, last: Plan) -> set[TrustedSource]:
        """Return the sources of rules that a write removes, but for those that a grant tells of."""
        known = {g.source for g in self._attempt.loaded if g.state is not GrantState.ENDED}
        return {rule.source for rule in last.removes if rule.source} - known

    def _take_back(self, before: Mapping[int, Grant]) -> None:
        """Record that a write was refused: it added nothing.

        A process that was frozen and lost the lock takes nothing back: others have gone on since.
        """
        if not before:
            return
        self._held.renew()
        known = {grant.id: grant for grant in self._attempt.loaded}
        with self._database.transaction() as session:
            for grant in grants.get_some(session, list(before)):
                if grant.sent_at == known[grant.id].sent_at:
                    grants.save(session, grant.take_back(before[grant.id]))
        self._attempt.know({i: known[i].take_back(earlier) for i, earlier in before.items()})

    def _raise_if_not_online(self, error: Rejected) -> None:
        """Raise if the cluster is not online, since then a refusal says nothing about the rules.

        Nothing says so of a read replica, which may be known by its firewall alone. That it exists
        is known: its rules were read just now.

        Raises:
            Busy: the cluster takes no changes at the moment.
            ApiError: its status cannot be read.
        """
        try:
            status = self._provider.cluster_status(self._attempt.cluster_id, purpose=self._purpose)
        except ClusterNotFound:
            return
        if not status.is_online:
            raise Busy(
                f"The cluster takes no changes while it is {status.word}: {error.message}",
                self._attempt.cluster_id,
            ) from error

    def _blame(self, search: Search, error: Rejected) -> None:
        """Find the existing rule that makes DigitalOcean refuse the list; drop it if it is ours.

        Raises:
            Rejected: it is not ours, or not any more.
        """
        if is_told(self._attempt.rules, error.message, self._attempt.watch.last_error):
            raise Rejected(self._attempt.watch.last_error, self._attempt.cluster_id) from error
        culprits = find_refused(self._attempt.rules, error.message, self._provider)
        known = dict(search.refused)
        foreign = [
            rule for rule in culprits if not search.refuse_held(rule, self._attempt.loaded, error)
        ]
        if search.refused == known:
            words = describe_refused(error.message, foreign)
            raise Rejected(words, self._attempt.cluster_id) from error


class _Fresh:
    """Tells whether something is still fresh, by both of the machine's clocks.

    Nobody can set the monotonic clock, but it stops while the machine is suspended.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._until_elapsed = clock.elapsed() + seconds
        self._until = clock.in_seconds(seconds)

    def __call__(self) -> bool:
        """Tell whether it still is."""
        by_monotonic = self._clock.elapsed() < self._until_elapsed
        return by_monotonic and self._clock.seconds_until(self._until) > 0


def _purpose_of(attempt: Attempt) -> Purpose:
    """Return the purpose of a read: the most urgent thing that a grant waits for (P3)."""
    if any(grant.is_leaving(attempt.began_at) for grant in attempt.loaded):
        return Purpose.ENDS
    if any(grant.state is GrantState.APPLYING for grant in attempt.loaded):
        return Purpose.STARTS
    return Purpose.CHECKS


def _purpose_of_write(purpose: Purpose, last: Plan, *, searching: bool) -> Purpose:
    """Return the purpose of a write.

    Even a drift check may find a rule that has to go. Searching for a rule that the API rejects
    does not count as ending access.
    """
    if last.removes:
        return Purpose.ENDS
    return Purpose.STARTS if searching or purpose is Purpose.CHECKS else purpose


def _stripped(attempt: Attempt, first: Plan) -> frozenset[TrustedSource]:
    """Return the sources of our rules that had a label at the last recorded read, and lost it."""
    described = (attempt.keeps_labels and attempt.described) or frozenset()
    bare = (rule.source for rule in first.unlabelled if not rule.description)
    return frozenset(source for source in bare if source and str(source) in described)
