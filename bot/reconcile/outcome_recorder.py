"""Outcome recorders: what is recorded of an attempt, and who is told, in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.access.notifications import (
    notify_closed,
    notify_of_grant,
    notify_of_rewrite,
    notify_operators,
)
from bot.access.request_facts import request_facts
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.blocking import why_blocked
from bot.domain.lifecycle import (
    Decision,
    EndReason,
    Grant,
    GrantState,
    Request,
    RequestKind,
    Verdict,
)
from bot.domain.notices import (
    ClusterClosed,
    ClusterOpen,
    GrantEnded,
    GrantRewritten,
    GrantStarted,
    GuardPlaced,
    LabelsDropped,
    Notice,
    RemovedOnAGuess,
    comments_of,
)
from bot.domain.plan import Plan
from bot.domain.policy import Policy
from bot.domain.refusals.any_refusal import AnyRefusal, as_detail
from bot.domain.refusals.clusters import NoSuchRule, OpenCluster
from bot.domain.refusals.grants import RuleNotTaken
from bot.domain.sources import TrustedSource
from bot.reconcile.attempt import RELABEL_AFTER, Attempt
from bot.reconcile.first_write import why_it_no_longer_holds
from bot.reconcile.session_ends import SessionEnds
from bot.store import audit, clusters, grants, requests
from bot.store.clusters import Watch


@dataclass(frozen=True)
class OutcomeRecorder:
    """Records one attempt; `outcome` is its last plan, `before` what was recorded last."""

    session: Session
    policy: Policy
    attempt: Attempt
    outcome: Plan
    before: Watch
    now: datetime

    def audit(self, action: Action, grant: Grant | None = None, **detail: object) -> None:
        """Add a row to the audit, about the cluster or one of its grants."""
        audit.record(
            self.session,
            action,
            at=self.now,
            actor=Actor.DBACCESS,
            cluster=self.attempt.alias,
            request_id=grant.id if grant else None,
            **detail,
        )

    def notify_operators(self, notice: Notice) -> None:
        """Tell the operators' channel."""
        notify_operators(self.session, notice, self.policy, at=self.now)


class GrantOutcome(OutcomeRecorder):
    """Records one grant after the other."""

    def record(self, grant: Grant) -> Grant:
        """Record what the last plan says of a grant; return it as it was saved, or unchanged."""
        if grant.id in self.outcome.present:
            return self._record_present(grant)
        if grant.id in self.attempt.refused and grant.is_live:
            is_new = grant.state is GrantState.APPLYING
            reason = EndReason.FAILED if is_new else EndReason.REMOVED_OUTSIDE
            refused = RuleNotTaken(said=self.attempt.refused[grant.id])
            return self._end(grant.leave(reason, self.now), why=refused)
        if grant.id in self.outcome.vanished and grant.state is GrantState.ACTIVE:
            return self._end(grant.leave(EndReason.REMOVED_OUTSIDE, self.now))
        if grant.id in self.outcome.blocked and grant.state is GrantState.APPLYING:
            why = why_blocked(
                self.outcome.blocked[grant.id],
                grant.cluster,
                self.policy.by_id(grant.cluster_id),
                emergency=grant.emergency,
            )
            return self._end(grant.leave(EndReason.FAILED, self.now), why=why)
        return self._record_gone(grant) if grant.id in self.outcome.gone else grant

    def _record_present(self, grant: Grant) -> Grant:
        seen = self.outcome.present[grant.id]
        if grant.state is GrantState.APPLYING:
            active = grant.activate(self.now, owned=seen.owned, rule_uuid=seen.rule_uuid)
            grants.save(self.session, active)
            self._sessions().watch(active)
            self.audit(Action.APPLIED, grant, owned=seen.owned)
            if grant.adopted:
                was = grant.earlier_description or ""
                self.audit(Action.ADOPTED, grant, source=str(grant.source), description=was)
            notify_of_grant(self.session, self._started(active), self.policy, at=self.now)
            return active
        if grant.state is GrantState.ACTIVE:
            active = grant.see_rule(owned=seen.owned, rule_uuid=seen.rule_uuid)
            if grant.id in self.attempt.tried:
                active = active.write_again(self.now)
                self.audit(Action.REWRITTEN, grant)
                again = GrantRewritten(grant=active)
                notify_of_rewrite(self.session, again, self.policy, at=self.now)
            return self._saved(active, before=grant)
        if grant.state is GrantState.REMOVING and seen.owned:  # it was revoked meanwhile (P3)
            return self._saved(grant.see_rule(owned=True, rule_uuid=seen.rule_uuid), before=grant)
        return grant

    def _record_gone(self, grant: Grant) -> Grant:
        if grant.failed_early:
            return self._end(grant, why=why_it_no_longer_holds(self.session, self.policy, grant))
        if not grant.wants_rule(self.now):
            return self._end(grant.expire(self.now) if grant.is_live else grant)
        if grant.state is GrantState.ACTIVE:  # it was extended while its rule was taken away
            return self._saved(grant.write_again(self.now), before=grant)
        return grant

    def _saved(self, grant: Grant, *, before: Grant) -> Grant:
        if grant == before:
            return before
        grants.save(self.session, grant)
        return grant

    def _end(self, leaving: Grant, *, why: AnyRefusal | None = None) -> Grant:
        ended = leaving.end(self.now)
        grants.save(self.session, ended)
        detail = as_detail(why) if why else {}
        if ended.leaves_rule and ended.end_reason is not EndReason.REMOVED_OUTSIDE:
            detail["rule"] = "stays"
        self.audit(Action.ENDED, ended, reason=ended.end_reason, **detail)
        notice = GrantEnded(
            grant=ended,
            why=why,
            still_wanted=self._still_wanted(ended.source),
            still_trusted=tuple(sorted(s for s in self.outcome.foreign if s.covers(ended.source))),
            is_open=not self.attempt.rules,
        )
        notice = self._sessions().of_ended(notice)
        notify_of_grant(self.session, notice, self.policy, at=self.now)
        return ended

    def _sessions(self) -> SessionEnds:
        return SessionEnds(self.session, self.policy, self.attempt, self.now)

    def _started(self, grant: Grant) -> GrantStarted:
        request = self.attempt.asked.get(grant.id) or requests.look_at(self.session, grant.id)
        goes_on = request is not None and request.kind is RequestKind.PUT_BACK
        return GrantStarted(
            grant=grant,
            approvers=request.approvers if request else (),
            comments=comments_of(request) if request else (),
            asked=request.duration if request and request.is_shortened else None,
            left=grant.expires_at - self.now if grant.delayed_at or goes_on else None,
        )

    def _still_wanted(self, source: TrustedSource) -> bool:
        present = [g for g in self.attempt.loaded if g.id in self.outcome.present]
        return any(grant.source.covers(source) for grant in present)


class ClusterOutcome(OutcomeRecorder):
    """Records what is about no single grant."""

    def record_guard(self) -> None:
        """Tell of a guard rule that was not there before, whichever attempt wrote it."""
        was_added = any(write.plan.guard_added and write.certain for write in self.attempt.writes)
        is_there = was_added or self.attempt.is_guarded(self.policy.instance)
        if is_there and not self.before.guarded:
            self.audit(Action.GUARD_PLACED)
            notice = GuardPlaced(cluster=self.attempt.alias)
            self.notify_operators(notice)

    def record_whether_open(self) -> None:
        """Tell that a cluster is open to everybody, and that it is closed again (P2)."""
        cluster = self.policy.by_id(self.attempt.cluster_id)
        is_open = not self.attempt.rules and not (cluster and cluster.allow_open)
        if is_open == (self.before.open_since is not None):
            return
        alarm_after = self.policy.alarm_after(self.attempt.cluster_id)
        clusters.note_open(
            self.session,
            self.attempt.cluster_id,
            since=self.now if is_open else None,
            alarm_at=self.now + alarm_after if is_open else None,
        )
        if not (is_open or self.attempt.rules):
            return  # by the policy it may be open now
        self.audit(Action.FOUND_OPEN if is_open else Action.CLOSED_AGAIN)
        notice: Notice = ClusterClosed(
            cluster=self.attempt.alias, open_since=self.before.open_since or self.now
        )
        if is_open:
            lent = tuple(grant for grant in self.attempt.loaded if grant.is_live)
            notice = ClusterOpen(cluster=self.attempt.alias, open_since=self.now, lent=lent)
        self.notify_operators(notice)

    def tell_of_others(self) -> None:
        """Tell of rules whose owner may miss them: another tool wrote the list during a grant."""
        guessed = [
            rule.source
            for write in self.attempt.writes
            for rule in write.plan.guessed
            if rule.source is not None and write.certain
        ]
        if guessed:
            notice = RemovedOnAGuess(cluster=self.attempt.alias, sources=tuple(guessed))
            self.notify_operators(notice)
        lent = [g for g in self.attempt.loaded if g.source in self.attempt.stripped and g.is_live]
        told_at = self.before.labels_told_at
        if lent and (told_at is None or abs(self.now - told_at) >= RELABEL_AFTER):
            clusters.note_labels_told(self.session, self.attempt.cluster_id, at=self.now)
            dropped = LabelsDropped(cluster=self.attempt.alias, grants=tuple(lent))
            self.notify_operators(dropped)

    def refuse_for_open_cluster(self) -> None:
        """Refuse the requests for a cluster that turned out to be open to everybody (P2)."""
        cluster = self.policy.by_id(self.attempt.cluster_id)
        if self.attempt.rules or cluster is None or cluster.allow_open:
            return
        for request in requests.pending(self.session, cluster=self.attempt.alias, take=True):
            self._deny(request, OpenCluster(cluster=request.cluster))

    def refuse_to_adopt_nothing(self) -> None:
        """Refuse undecided adoptions of a rule that is not there, or is ours by now."""
        alias = self.attempt.alias
        pending = requests.pending(
            self.session, cluster=alias, kind=RequestKind.ADOPTION, take=True
        )
        for request in pending:
            if request.source not in self.outcome.foreign:
                self._deny(request, NoSuchRule(cluster=alias))

    def _deny(self, request: Request, why: AnyRefusal) -> None:
        decision = Decision(Actor.DBACCESS, Verdict.DENY, self.now, why)
        denied = request.decide(decision, approvals_needed=1)
        requests.save(self.session, denied)
        audit.record(
            self.session,
            Action.DENIED,
            at=self.now,
            cluster=denied.cluster,
            request_id=denied.id,
            **as_detail(why),
        )
        facts = request_facts(self.session, denied, self.policy)
        notify_closed(self.session, facts, at=self.now)
