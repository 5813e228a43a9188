"""What every outcome recorder needs: the transaction, the attempt, and what was known before."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.access.notifications import notify_operators
from bot.domain.actors import Actor
from bot.domain.lifecycle import Grant
from bot.domain.notices import Notice
from bot.domain.plan import Plan
from bot.domain.policy import Policy
from bot.reconcile.attempt import Attempt
from bot.store import audit
from bot.store.audit import Action
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
