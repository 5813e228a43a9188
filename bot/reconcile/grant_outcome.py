"""What was seen of each grant: it begins, goes on or ends, and those concerned are told."""

from bot.access.notifications import notify_of_grant
from bot.domain.blocking import why_blocked
from bot.domain.lifecycle import EndReason, Grant, GrantState
from bot.domain.notices import GrantEnded, GrantRewritten, GrantStarted
from bot.domain.refusals.any_refusal import AnyRefusal, as_detail
from bot.domain.refusals.grants import RuleNotTaken
from bot.domain.sources import TrustedSource
from bot.reconcile.first_write import why_it_no_longer_holds
from bot.reconcile.outcome_recorder import OutcomeRecorder
from bot.store import grants
from bot.store.audit import Action


class GrantOutcome(OutcomeRecorder):
    """Records one grant after the other."""

    def record(self, grant: Grant) -> None:
        """Record what the last plan says of a grant, as it stands in the database."""
        if grant.id in self.outcome.present:
            self._record_present(grant)
        elif grant.id in self.attempt.refused and grant.is_live:
            is_new = grant.state is GrantState.APPLYING
            reason = EndReason.FAILED if is_new else EndReason.REMOVED_OUTSIDE
            refused = RuleNotTaken(said=self.attempt.refused[grant.id])
            self._end(grant.leave(reason, self.now), why=refused)
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

    def _record_present(self, grant: Grant) -> None:
        seen = self.outcome.present[grant.id]
        if grant.state is GrantState.APPLYING:
            active = grant.activate(self.now, owned=seen.owned, rule_uuid=seen.rule_uuid)
            grants.save(self.session, active)
            self.audit(Action.APPLIED, grant, owned=seen.owned)
            if grant.adopted:
                was = grant.earlier_description or ""
                self.audit(Action.ADOPTED, grant, source=str(grant.source), description=was)
            notice = GrantStarted(grant=active)
            notify_of_grant(self.session, notice, active, self.policy, at=self.now)
        elif grant.state is GrantState.ACTIVE:
            active = grant.see_rule(owned=seen.owned, rule_uuid=seen.rule_uuid)
            if grant.id in self.attempt.tried:
                active = active.write_again(self.now)
                self.audit(Action.REWRITTEN, grant)
                again = GrantRewritten(grant=active)
                notify_of_grant(self.session, again, active, self.policy, at=self.now)
            if active != grant:
                grants.save(self.session, active)
        elif grant.state is GrantState.REMOVING and seen.owned:  # it was revoked meanwhile (P3)
            removing = grant.see_rule(owned=True, rule_uuid=seen.rule_uuid)
            grants.save(self.session, removing)

    def _record_gone(self, grant: Grant) -> None:
        if grant.failed_early:
            self._end(grant, why=why_it_no_longer_holds(self.session, self.policy, grant))
        elif not grant.wants_rule(self.now):
            self._end(grant.expire(self.now) if grant.is_live else grant)
        elif grant.state is GrantState.ACTIVE:  # it was extended while its rule was taken away
            grants.save(self.session, grant.write_again(self.now))

    def _end(self, leaving: Grant, *, why: AnyRefusal | None = None) -> None:
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
        notify_of_grant(self.session, notice, ended, self.policy, at=self.now)

    def _still_wanted(self, source: TrustedSource) -> bool:
        present = [g for g in self.attempt.loaded if g.id in self.outcome.present]
        return any(grant.source.covers(source) for grant in present)
