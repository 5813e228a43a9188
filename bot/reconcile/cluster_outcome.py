"""What was seen of the cluster itself: open, guarded, written by others; what is refused for it."""

from bot.access.notifications import notify_closed, request_facts
from bot.domain.actors import Actor
from bot.domain.lifecycle import Decision, Request, RequestKind, Verdict
from bot.domain.notices import (
    ClusterClosed,
    ClusterOpen,
    GuardPlaced,
    LabelsDropped,
    Notice,
    RemovedOnAGuess,
)
from bot.domain.policy import ALARM_AFTER
from bot.domain.refusals.any_refusal import AnyRefusal, as_detail
from bot.domain.refusals.clusters import NoSuchRule, OpenCluster
from bot.reconcile.attempt import RELABEL_AFTER
from bot.reconcile.outcome_recorder import OutcomeRecorder
from bot.store import audit, clusters, requests
from bot.store.audit import Action


class ClusterOutcome(OutcomeRecorder):
    """Records what is about no single grant."""

    def record_guard(self) -> None:
        """Tell of a guard rule that is there and was not before, whoever's attempt put it there."""
        was_added = any(write.plan.guard_added and write.certain for write in self.attempt.writes)
        is_there = was_added or self.attempt.is_guarded(self.policy.instance)
        if is_there and not self.before.guarded:
            self.audit(Action.GUARD_PLACED)
            notice = GuardPlaced(cluster=self.attempt.alias)
            self.notify_operators(notice)

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
        if not (is_open or self.attempt.rules):
            return  # it may be open now, by the policy
        self.audit(Action.FOUND_OPEN if is_open else Action.CLOSED_AGAIN)
        notice: Notice = ClusterClosed(
            cluster=self.attempt.alias, open_since=self.before.open_since or self.now
        )
        if is_open:
            lent = tuple(grant for grant in self.attempt.loaded if grant.is_live)
            notice = ClusterOpen(cluster=self.attempt.alias, open_since=self.now, lent=lent)
        self.notify_operators(notice)

    def tell_of_others(self) -> None:
        """Tell of rules that others may miss, since they changed the list while access was lent."""
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
        """Refuse what is asked of a cluster that turned out to be open to all (P2)."""
        cluster = self.policy.by_id(self.attempt.cluster_id)
        if self.attempt.rules or cluster is None or cluster.allow_open:
            return
        for request in requests.pending(self.session, cluster=self.attempt.alias, take=True):
            self._deny(request, OpenCluster(cluster=request.cluster))

    def refuse_to_adopt_nothing(self) -> None:
        """Refuse to adopt a rule that is not there, or is ours by now, before anybody decides."""
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
