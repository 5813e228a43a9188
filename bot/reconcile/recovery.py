"""Rules with our label that no row accounts for become grants again (P7)."""

from datetime import datetime

from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.labels import Label, read_label
from bot.domain.lifecycle import Grant, GrantState, Request, RequestKind, RequestState
from bot.domain.notices import Labelled, Recovered
from bot.domain.plan import Orphan
from bot.domain.policy import LONGEST_ADOPTION
from bot.domain.rules import Rule
from bot.reconcile.outcome_recorder import OutcomeRecorder
from bot.store import clusters, grants, requests

_NEARBY = 100  # a label's number is kept if it is at most this far above the newest one


class Recovery(OutcomeRecorder):
    """Recovers grants, and tells the operators what was found."""

    def recover(self) -> tuple[Grant, ...]:
        """Turn rules with our label that belong to no known grant into grants (P7); return those.

        A rule that the policy could not have allowed stays as it is, and is reported once.
        """
        orphans = self.outcome.orphans
        recovered = tuple(self._recover(orphan) for orphan in orphans)
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
            self.notify_operators(notice)
        return recovered

    def _newly_unfit(self) -> list[Orphan]:
        told = self.before.unfit.splitlines()
        unfit = [orphan for orphan in self.outcome.unfit if finding(orphan) not in told]
        for orphan in unfit:
            self.audit(Action.LEFT_ALONE, source=str(orphan.source), label=str(orphan.label))
        return unfit

    def _is_known(self, rule: Rule) -> bool:
        """Tell whether a removed rule belonged to a grant that is on record."""
        if any(grant.source == rule.source for grant in self.attempt.loaded):
            return True
        its_label = read_label(rule.description)
        grant = grants.get(self.session, its_label.grant_id) if its_label else None
        if grant is None or grant.cluster_id != self.attempt.cluster_id:
            return False
        return grant.source == rule.source

    def _recover(self, orphan: Orphan) -> Grant:
        its_label, number = orphan.label, orphan.label.grant_id
        is_near = number <= requests.newest(self.session) + _NEARBY
        is_free = is_near and not requests.is_taken(self.session, number)
        until = self._until(its_label)
        request = requests.add(
            self.session,
            Request(
                id=number if is_free else requests.NEXT,
                cluster=self.attempt.alias,
                source=orphan.source,
                duration=until - self.now,
                requester=Actor.UNKNOWN,
                created_at=self.now,
                lapses_at=until,
                state=RequestState.APPROVED,
                kind=RequestKind.ADOPTION if its_label.adopted else RequestKind.ACCESS,
            ),
        )
        grant = Grant(
            id=request.id,
            cluster=self.attempt.alias,
            cluster_id=self.attempt.cluster_id,
            source=orphan.source,
            requester=Actor.UNKNOWN,
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
        self.audit(
            Action.RECOVERED,
            grant,
            source=str(grant.source),
            label=str(its_label),
            expires_at=grant.expires_at.isoformat(),
        )
        return grant

    def _until(self, its_label: Label) -> datetime:
        """Return when a recovered grant ends: no later than the policy could have granted."""
        if its_label.adopted:
            return min(its_label.until, self.now + LONGEST_ADOPTION)
        cluster = self.policy.by_id(self.attempt.cluster_id)
        longest = self.now + cluster.max_duration if cluster else self.now
        return min(its_label.until, longest)


def finding(orphan: Orphan) -> str:
    """Return the line by which an unfit orphan is remembered, so that it is reported once."""
    return f"{orphan.source} {orphan.label}"


def _labelled(orphan: Orphan) -> Labelled:
    its_label = orphan.label
    return Labelled(source=orphan.source, number=its_label.grant_id, until=its_label.until)
