"""What the pure model writes down of a look, as `bot.reconcile.outcome` does, without tables."""

from datetime import datetime

from bot.domain.actors import Actor
from bot.domain.lifecycle import EndReason, Grant, GrantState
from bot.domain.plan import Orphan, Plan
from bot.reconcile.attempt import Attempt
from tests.model.protocol import Rows
from tests.model.scope import ORDERS


def record(rows: Rows, attempt: Attempt, now: datetime, *, next_id: int) -> Rows:
    """Return the rows after a look was recorded."""
    assert attempt.outcome is not None
    result = dict(rows)
    for before in attempt.loaded:
        grant = result.get(before.id)
        if grant is not None and grant.state is not GrantState.ENDED:
            result[grant.id] = _recorded(attempt.as_seen(grant), attempt, attempt.outcome, now)
    for orphan in attempt.outcome.orphans:
        next_id = max([next_id, *(number + 1 for number in result)])
        recovered = _recovered(orphan, result, now, next_id=next_id)
        result[recovered.id] = recovered
    return result


def _recorded(grant: Grant, attempt: Attempt, outcome: Plan, now: datetime) -> Grant:
    if grant.id in outcome.present:
        return _present(grant, attempt, outcome, now)
    if grant.id in attempt.refused and grant.is_live:
        is_new = grant.state is GrantState.APPLYING
        reason = EndReason.FAILED if is_new else EndReason.REMOVED_OUTSIDE
        return grant.leave(reason, now).end(now)
    if grant.id in outcome.vanished and grant.state is GrantState.ACTIVE:
        return grant.leave(EndReason.REMOVED_OUTSIDE, now).end(now)
    if grant.id in outcome.blocked and grant.state is GrantState.APPLYING:
        return grant.leave(EndReason.FAILED, now).end(now)
    if grant.id in outcome.gone:
        return _gone(grant, now)
    return grant


def _present(grant: Grant, attempt: Attempt, outcome: Plan, now: datetime) -> Grant:
    seen = outcome.present[grant.id]
    if grant.state is GrantState.APPLYING:
        return grant.activate(now, owned=seen.owned, rule_uuid=seen.rule_uuid)
    if grant.state is GrantState.REMOVING and seen.owned:
        return grant.see_rule(owned=True, rule_uuid=seen.rule_uuid)
    if grant.state is not GrantState.ACTIVE:
        return grant
    again = grant.see_rule(owned=seen.owned, rule_uuid=seen.rule_uuid)
    return again.write_again(now) if grant.id in attempt.tried else again


def _gone(grant: Grant, now: datetime) -> Grant:
    if not grant.wants_rule(now):
        return (grant.expire(now) if grant.is_live else grant).end(now)
    return grant.write_again(now) if grant.state is GrantState.ACTIVE else grant


def _recovered(orphan: Orphan, rows: Rows, now: datetime, *, next_id: int) -> Grant:
    number = orphan.label.grant_id
    return Grant(
        id=next_id if number in rows else number,
        cluster=ORDERS,
        cluster_id=ORDERS,
        source=orphan.source,
        requester=Actor.UNKNOWN,
        state=GrantState.ACTIVE,
        approved_at=now,
        expires_at=orphan.label.until,
        owned=True,
        rule_uuid=orphan.rule.uuid,
        sent_at=now,
        written_at=now,
        adopted=orphan.label.adopted,
    )
