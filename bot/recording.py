"""What a reconcile found out, written down: states, audit rows and messages in one transaction."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.domain.blocking import not_there, open_cluster, why_blocked
from bot.domain.labels import Label, read_label
from bot.domain.lifecycle import (
    Decision,
    EndReason,
    Grant,
    GrantState,
    Request,
    RequestKind,
    RequestState,
    Verdict,
)
from bot.domain.notices import (
    UNKNOWN,
    AllClear,
    ClusterClosed,
    ClusterOpen,
    GrantDelayed,
    GrantEnded,
    GrantRewritten,
    GrantStarted,
    GuardPlaced,
    Labelled,
    LabelsDropped,
    Notice,
    Recovered,
    RemovedOnAGuess,
)
from bot.domain.ownership import SETTLE, own_what_appeared, own_what_is_labelled
from bot.domain.plan import Orphan, Plan
from bot.domain.policy import ALARM_AFTER, LONGEST_ADOPTION, Policy
from bot.domain.rules import Rule
from bot.domain.sources import TrustedSource
from bot.first_write import why_it_no_longer_holds
from bot.store import audit, clusters, grants, requests
from bot.store.audit import SYSTEM, Action
from bot.store.clusters import Watch
from bot.telling import (
    grant_facts,
    request_facts,
    tell_closed,
    tell_of_grant,
    tell_operators,
)

_MOST_LABEL_LOSSES = 2  # so many writes in a row whose labels were lost are no coincidence
_RELABEL_AFTER = timedelta(hours=1)
_LOOKS = (SETTLE / 2, SETTLE - timedelta(seconds=5))
_IDLE_DRIFTS = 12
_SOONEST_SECONDS = 1.0
_NEARBY = 100  # a label's number is taken over up to so many above the newest; further is a jump


@dataclass(frozen=True)
class Write:
    """A write that was sent; `certain` where its answer came, or its effect was seen."""

    plan: Plan
    certain: bool

    @property
    def is_to_be_seen(self) -> bool:
        """Whether a read after it must show another list."""
        return self.certain and bool(self.plan.adds or self.plan.removes)

    def seen_in(self, rules: Sequence[Rule]) -> "Write":
        """Return it as it is known once *rules* were read: nobody else writes our labels."""
        labels = {(rule.source, rule.description) for rule in rules}
        is_there = {(rule.source, rule.description) for rule in self.plan.adds} <= labels
        return replace(self, certain=self.certain or (bool(self.plan.adds) and is_there))


@dataclass
class Attempt:
    """One try at bringing a cluster in line.

    `loaded` are the grants as they are known so far: as they were at its beginning, with what was
    noted and seen since. `rules` is the last read, `refused` the grants whose rule the API will not
    take, with its words, `stripped` our rules that somebody else took the label from.
    """

    watch: Watch
    loaded: tuple[Grant, ...]
    began_at: datetime
    rules: Sequence[Rule] = ()
    outcome: Plan | None = None
    writes: list[Write] = field(default_factory=list)
    refused: Mapping[int, str] = field(default_factory=dict)
    stripped: frozenset[TrustedSource] = frozenset()

    @property
    def cluster_id(self) -> str:
        """The cluster's UUID."""
        return self.watch.id

    @property
    def alias(self) -> str:
        """The cluster's name in the policy."""
        return self.watch.alias

    def see(self, rules: Sequence[Rule], instance: str, *, just_written: bool) -> None:
        """Take in what was read; what bears our label or was just added is ours from now on."""
        if just_written:
            last, self.writes[-1] = self.writes[-1], self.writes[-1].seen_in(rules)
            ours = {i for i, present in last.plan.present.items() if present.owned}
            appeared = own_what_appeared(
                self.loaded,
                ours | last.plan.to_add,
                self.rules,
                rules,
                instance=instance,
                certain=last.certain,
                described=self.described,
            )
            self.loaded = tuple(appeared)
        self.loaded = tuple(own_what_is_labelled(self.loaded, rules, instance))
        self.rules = rules

    def know(self, changed: Mapping[int, Grant]) -> None:
        """Take in what was noted of some grants."""
        self.loaded = tuple(changed.get(grant.id, grant) for grant in self.loaded)

    def as_seen(self, current: Grant) -> Grant:
        """Return a grant as it stands, with whose its rule is by what this attempt saw."""
        seen = next(grant for grant in self.loaded if grant.id == current.id)
        return replace(current, owned=seen.owned, rule_uuid=seen.rule_uuid)

    @property
    def tried(self) -> frozenset[int]:
        """The grants whose rules a write (perhaps) added."""
        return frozenset().union(*(write.plan.to_add for write in self.writes))

    @property
    def keeps_labels(self) -> bool:
        """Whether the API keeps our labels to the letter, as far as is known."""
        return self.watch.label_losses < _MOST_LABEL_LOSSES

    @property
    def may_relabel(self) -> bool:
        """Whether to write for nothing but labels: once, and now and then where they are lost."""
        written_at = self.watch.written_at
        is_time = written_at is None or self.began_at - written_at >= _RELABEL_AFTER
        return not self.writes and (self.keeps_labels or is_time)

    @property
    def described(self) -> frozenset[str] | None:
        """Whose rules had a description when that was last recorded; see `plan`."""
        known = frozenset(self.watch.described.splitlines())
        return known if known or self.keeps_labels else None


def record_outcome(session: Session, policy: Policy, attempt: Attempt, *, now: datetime) -> None:
    """Record what the last plan of a successful attempt saw.

    A grant that somebody changed in the meantime keeps that change; its cluster is due again.
    """
    outcome = attempt.outcome
    before = clusters.get(session, attempt.cluster_id)
    if outcome is None or before is None:
        return
    recorder = _Recorder(session, policy, attempt, outcome, before, now)
    _record_writes(session, attempt, now)
    recorder.record_guard()
    for current in grants.get_some(session, [grant.id for grant in attempt.loaded]):
        if current.state is not GrantState.ENDED:
            seen = attempt.as_seen(current)
            if seen != current:
                grants.save(session, seen)
            recorder.record_grant(seen)
    recorder.recover()
    recorder.refuse_for_open_cluster()
    recorder.refuse_to_adopt_nothing()
    recorder.tell_of_others()
    recorder.record_whether_open()
    if before.alarms:
        audit.record(session, Action.ALL_CLEAR, at=now, cluster=attempt.alias)
        notice = AllClear(cluster=attempt.alias, failing_since=before.alarm_since or now)
        tell_operators(session, notice, policy, at=now)
    written_at = now if attempt.writes else attempt.watch.written_at
    is_watched = not attempt.rules or grants.has_live(session, attempt.cluster_id)
    next_look = _next_look(
        policy, attempt.cluster_id, now, written_at=written_at, is_watched=is_watched
    )
    clusters.note_success(
        session,
        attempt.cluster_id,
        at=now,
        rule_count=len(attempt.rules),
        written_at=written_at,
        guarded=_is_guarded(attempt.rules, policy.instance),
        unfit="\n".join(_finding(orphan) for orphan in outcome.unfit),
        described=_described(attempt.rules),
        label_losses=_label_losses(attempt, outcome, policy.instance),
        next_at=min([next_look, *(orphan.label.until for orphan in outcome.unfit)]),
        changes=attempt.watch.changes,
    )


def _described(rules: Sequence[Rule]) -> str:
    return "\n".join(str(rule.source) for rule in rules if rule.description and rule.source)


def _is_guarded(rules: Sequence[Rule], instance: str) -> bool:
    return any(rule.is_guard(instance) for rule in rules)


def _label_losses(attempt: Attempt, outcome: Plan, instance: str) -> int:
    """Return after how many writes in a row our labels were lost at once."""
    if any(rule.label_of(instance) for rule in attempt.rules):
        return 0
    if attempt.writes and outcome.unlabelled:
        return attempt.watch.label_losses + 1
    return attempt.watch.label_losses


def _next_look(
    policy: Policy, cluster_id: str, now: datetime, *, written_at: datetime | None, is_watched: bool
) -> datetime:
    """Return when to look at a cluster again.

    Twice while a change of ours may still be undone by a rival's stale list, then at every drift
    check; and now and then where nothing of ours should be, for a list may come back at any time.
    """
    for after in _LOOKS:
        if written_at is not None and abs(now - written_at) < after:  # a clock may go backwards
            return written_at + after
    every = policy.scheduler.drift if is_watched else longest_between_looks(policy)
    return own_moment(cluster_id, now, every)


def longest_between_looks(policy: Policy) -> timedelta:
    """Return the longest that a cluster is left alone, unless something is asked of it."""
    return policy.scheduler.drift * _IDLE_DRIFTS


def own_moment(cluster_id: str, now: datetime, every: timedelta) -> datetime:
    """Return the cluster's next moment, at most *every* from now.

    Each cluster has its own, so that looks at many are spread evenly and not made all at once.
    """
    period = every.total_seconds()
    digest = hashlib.sha256(cluster_id.encode()).digest()
    share = int.from_bytes(digest[:4]) / 2**32
    left = period - (now.timestamp() - share * period) % period
    return now + timedelta(seconds=left if left >= _SOONEST_SECONDS else period)


def record_failure(
    session: Session,
    policy: Policy,
    attempt: Attempt,
    error: str,
    *,
    now: datetime,
    next_at: datetime,
    delayed: bool = False,
) -> None:
    """Record that an attempt failed, and when the next one is due.

    What was seen of our rules counts all the same. *delayed*: the cluster takes no changes at the
    moment, and those who wait for access hear of that, once.
    """
    _record_writes(session, attempt, now)
    for current in grants.get_some(session, [grant.id for grant in attempt.loaded]):
        noted = attempt.as_seen(current)
        if delayed and noted.state is GrantState.APPLYING and noted.delayed_at is None:
            noted = noted.delay(now)
            notice = GrantDelayed(grant=grant_facts(noted), why=error)
            tell_of_grant(session, notice, noted, policy, at=now)
        if noted != current:
            grants.save(session, noted)
    if attempt.outcome is not None and attempt.watch.read_at is None:  # nothing to compare with yet
        clusters.note_described(session, attempt.cluster_id, _described(attempt.rules))
    clusters.note_failure(session, attempt.cluster_id, at=now, error=error, next_at=next_at)


def record_lost_attempt(session: Session, watch: Watch, *, now: datetime) -> None:
    """Record that an earlier attempt never reported, so that the audit has no silent gap."""
    audit.record(
        session,
        Action.ATTEMPT_LOST,
        at=now,
        cluster=watch.alias,
        since=watch.attempt_at.isoformat() if watch.attempt_at else None,
    )


def _record_writes(session: Session, attempt: Attempt, now: datetime) -> None:
    for write in attempt.writes:
        audit.record(
            session,
            Action.RULES_WRITTEN,
            at=now,
            cluster=attempt.alias,
            added=[str(rule.source) for rule in write.plan.adds],
            removed=[str(rule.source) for rule in write.plan.removes],
            kept=len(write.plan.keeps),
            **_particulars(write),
        )


def _particulars(write: Write) -> dict[str, Any]:
    """Return what few writes have: adopted rules that they let go, an unknown outcome."""
    released = [str(rule.source) for rule in write.plan.releases]
    told = {"released": released} if released else {}
    return told if write.certain else {**told, "certain": False}


def _finding(orphan: Orphan) -> str:
    return f"{orphan.source} {orphan.label}"


def _labelled(orphan: Orphan) -> Labelled:
    its_label = orphan.label
    return Labelled(source=orphan.source, number=its_label.grant_id, until=its_label.until)


@dataclass
class _Recorder:
    session: Session
    policy: Policy
    attempt: Attempt
    outcome: Plan
    before: Watch  # what was recorded last
    now: datetime

    def record_guard(self) -> None:
        """Tell of a guard rule that is there and was not before, whoever's attempt put it there."""
        if not self.before.guarded and _is_guarded(self.attempt.rules, self.policy.instance):
            self._audit(Action.GUARD_PLACED)
            notice = GuardPlaced(cluster=self.attempt.alias)
            tell_operators(self.session, notice, self.policy, at=self.now)

    def record_grant(self, grant: Grant) -> None:
        if grant.id in self.outcome.present:
            self._record_present(grant)
        elif grant.id in self.attempt.refused and grant.is_live:
            words = f"DigitalOcean does not take it: {self.attempt.refused[grant.id]}"
            is_new = grant.state is GrantState.APPLYING
            reason = EndReason.FAILED if is_new else EndReason.REMOVED_OUTSIDE
            self._end(grant.leave(reason, self.now), why=words)
        elif grant.id in self.outcome.vanished and grant.state is GrantState.ACTIVE:
            self._end(grant.leave(EndReason.REMOVED_OUTSIDE, self.now))
        elif grant.id in self.outcome.blocked and grant.state is GrantState.APPLYING:
            why = why_blocked(
                self.outcome.blocked[grant.id],
                grant.cluster,
                self.policy.by_id(grant.cluster_id),
                emergency=grant.emergency,
            )
            self._end(grant.leave(EndReason.FAILED, self.now), why=why)
        elif grant.id in self.outcome.gone:
            self._record_gone(grant)

    def recover(self) -> None:
        """Make grants of the rules with our label that nobody accounts for (P7).

        What the policy could not have allowed stays as it is, and is told once.
        """
        orphans = self.outcome.orphans
        recovered = tuple(grant_facts(self._recover(orphan)) for orphan in orphans)
        unfit = self._newly_unfit()
        removed = tuple(
            rule.source
            for write in self.attempt.writes
            for rule in write.plan.removes
            if rule.source is not None and not self._is_known(rule)
        )
        if recovered or removed or unfit:
            notice = Recovered(
                cluster=self.attempt.alias,
                grants=recovered,
                labels=tuple(_labelled(orphan) for orphan in orphans),
                unfit=tuple(_labelled(orphan) for orphan in unfit),
                removed=removed,
            )
            tell_operators(self.session, notice, self.policy, at=self.now)

    def _newly_unfit(self) -> list[Orphan]:
        told = self.before.unfit.splitlines()
        unfit = [orphan for orphan in self.outcome.unfit if _finding(orphan) not in told]
        for orphan in unfit:
            self._audit(Action.LEFT_ALONE, source=str(orphan.source), label=str(orphan.label))
        return unfit

    def _is_known(self, rule: Rule) -> bool:
        """Tell whether a rule that was removed belonged to a grant that is on record."""
        if any(grant.source == rule.source for grant in self.attempt.loaded):
            return True
        its_label = read_label(rule.description)
        grant = grants.get(self.session, its_label.grant_id) if its_label else None
        if grant is None or grant.cluster_id != self.attempt.cluster_id:
            return False
        return grant.source == rule.source

    def refuse_for_open_cluster(self) -> None:
        """Refuse what is asked of a cluster that turned out to be open to all (P2)."""
        cluster = self.policy.by_id(self.attempt.cluster_id)
        if self.attempt.rules or cluster is None or cluster.allow_open:
            return
        for request in requests.pending(self.session, cluster=self.attempt.alias, take=True):
            self._deny(request, open_cluster(request.cluster))

    def refuse_to_adopt_nothing(self) -> None:
        """Refuse to adopt a rule that is not there, or is ours by now, before anybody decides."""
        alias = self.attempt.alias
        pending = requests.pending(
            self.session, cluster=alias, kind=RequestKind.ADOPTION, take=True
        )
        for request in pending:
            if request.source not in self.outcome.foreign:
                self._deny(request, not_there(alias))

    def tell_of_others(self) -> None:
        """Tell of rules that others may miss, since they changed the list while access was lent."""
        guessed = [
            rule.source
            for write in self.attempt.writes
            for rule in write.plan.guessed
            if rule.source is not None
        ]
        if guessed:
            notice = RemovedOnAGuess(cluster=self.attempt.alias, sources=tuple(guessed))
            tell_operators(self.session, notice, self.policy, at=self.now)
        lent = [g for g in self.attempt.loaded if g.source in self.attempt.stripped and g.is_live]
        told_at = self.before.labels_told_at
        if lent and (told_at is None or abs(self.now - told_at) >= _RELABEL_AFTER):
            clusters.note_labels_told(self.session, self.attempt.cluster_id, at=self.now)
            dropped = LabelsDropped(
                cluster=self.attempt.alias, grants=tuple(grant_facts(grant) for grant in lent)
            )
            tell_operators(self.session, dropped, self.policy, at=self.now)

    def record_whether_open(self) -> None:
        """Tell of a cluster that anybody can reach, and that it is closed again (P2)."""
        cluster = self.policy.by_id(self.attempt.cluster_id)
        is_open = not self.attempt.rules and not (cluster and cluster.allow_open)
        if is_open == (self.before.open_since is not None):
            return
        patience = cluster.alarm_after if cluster else ALARM_AFTER
        clusters.note_open(
            self.session,
            self.attempt.cluster_id,
            since=self.now if is_open else None,
            alarm_at=self.now + patience if is_open else None,
        )
        self._audit(Action.FOUND_OPEN if is_open else Action.CLOSED_AGAIN)
        notice: Notice = ClusterClosed(
            cluster=self.attempt.alias, open_since=self.before.open_since or self.now
        )
        if is_open:
            lent = tuple(grant_facts(grant) for grant in self.attempt.loaded if grant.is_live)
            notice = ClusterOpen(cluster=self.attempt.alias, open_since=self.now, lent=lent)
        tell_operators(self.session, notice, self.policy, at=self.now)

    def _deny(self, request: Request, why: str) -> None:
        decision = Decision(SYSTEM, Verdict.DENY, self.now, why)
        denied = request.decide(decision, approvals_needed=1)
        requests.save(self.session, denied)
        audit.record(
            self.session,
            Action.DENIED,
            at=self.now,
            cluster=denied.cluster,
            request_id=denied.id,
            reason=why,
        )
        facts = request_facts(self.session, denied, self.policy)
        tell_closed(self.session, facts, at=self.now)

    def _record_present(self, grant: Grant) -> None:
        seen = self.outcome.present[grant.id]
        if grant.state is GrantState.APPLYING:
            active = grant.activate(self.now, owned=seen.owned, rule_uuid=seen.rule_uuid)
            grants.save(self.session, active)
            self._audit(Action.APPLIED, grant, owned=seen.owned)
            if grant.adopted:
                was = grant.earlier_description or ""
                self._audit(Action.ADOPTED, grant, source=str(grant.source), description=was)
            notice = GrantStarted(grant=grant_facts(active))
            tell_of_grant(self.session, notice, active, self.policy, at=self.now)
        elif grant.state is GrantState.ACTIVE:
            active = grant.see_rule(owned=seen.owned, rule_uuid=seen.rule_uuid)
            if grant.id in self.attempt.tried:
                active = active.write_again(self.now)
                self._audit(Action.REWRITTEN, grant)
                again = GrantRewritten(grant=grant_facts(active))
                tell_of_grant(self.session, again, active, self.policy, at=self.now)
            if active != grant:
                grants.save(self.session, active)

    def _record_gone(self, grant: Grant) -> None:
        if grant.failed_early:
            self._end(grant, why=why_it_no_longer_holds(self.session, self.policy, grant))
        elif not grant.wants_rule(self.now):
            self._end(grant.expire(self.now) if grant.is_live else grant)
        elif grant.state is GrantState.ACTIVE:  # it was extended while its rule was taken away
            grants.save(self.session, grant.write_again(self.now))

    def _end(self, leaving: Grant, *, why: str = "") -> None:
        ended = leaving.end(self.now)
        grants.save(self.session, ended)
        detail = {"why": why} if why else {}
        if ended.leaves_rule and ended.end_reason is not EndReason.REMOVED_OUTSIDE:
            detail["rule"] = "stays"
        self._audit(Action.ENDED, ended, reason=ended.end_reason, **detail)
        notice = GrantEnded(
            grant=grant_facts(ended),
            why=why,
            still_wanted=self._still_wanted(ended.source),
            still_trusted=tuple(sorted(s for s in self.outcome.foreign if s.covers(ended.source))),
            is_open=not self.attempt.rules,
        )
        tell_of_grant(self.session, notice, ended, self.policy, at=self.now)

    def _still_wanted(self, source: TrustedSource) -> bool:
        present = [g for g in self.attempt.loaded if g.id in self.outcome.present]
        return any(grant.source == source for grant in present)

    def _recover(self, orphan: Orphan) -> Grant:
        its_label, number = orphan.label, orphan.label.grant_id
        is_near = number <= requests.newest(self.session) + _NEARBY
        is_free = is_near and not requests.is_taken(self.session, number)
        until = self._until(its_label)
        request = requests.add(
            self.session,
            id=number if is_free else None,
            cluster=self.attempt.alias,
            source=orphan.source,
            duration=until - self.now,
            requester=UNKNOWN,
            reason="",
            created_at=self.now,
            lapses_at=until,
            state=RequestState.APPROVED,
            kind=RequestKind.ADOPTION if its_label.adopted else RequestKind.ACCESS,
        )
        grant = Grant(
            id=request.id,
            cluster=self.attempt.alias,
            cluster_id=self.attempt.cluster_id,
            source=orphan.source,
            requester=UNKNOWN,
            state=GrantState.ACTIVE,
            approved_at=self.now,
            expires_at=until,
            owned=True,
            rule_uuid=orphan.rule.uuid,
            sent_at=self.now,
            written_at=self.now,
            adopted=its_label.adopted,
        )
        grants.add(self.session, grant)
        grants.bump_numbers(self.session, grant.id)
        if (grant.id, until) != (number, its_label.until):
            clusters.mark_due(self.session, grant.cluster_id, grant.cluster, self.now)
        self._audit(
            Action.RECOVERED,
            grant,
            source=str(grant.source),
            label=str(its_label),
            expires_at=grant.expires_at.isoformat(),
        )
        return grant

    def _until(self, its_label: Label) -> datetime:
        """Return when what a label speaks for ends: nobody could have been granted more."""
        if its_label.adopted:
            return min(its_label.until, self.now + LONGEST_ADOPTION)
        cluster = self.policy.by_id(self.attempt.cluster_id)
        longest = self.now + cluster.max_duration if cluster else self.now
        return min(its_label.until, longest)

    def _audit(self, action: Action, grant: Grant | None = None, **detail: object) -> None:
        audit.record(
            self.session,
            action,
            at=self.now,
            actor=SYSTEM,
            cluster=self.attempt.alias,
            request_id=grant.id if grant else None,
            **detail,
        )
