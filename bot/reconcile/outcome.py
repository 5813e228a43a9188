"""Records what a reconcile found: states, audit rows and messages, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.access.notifications import notify_of_grant, notify_operators
from bot.domain.audit_actions import Action
from bot.domain.lifecycle import Grant, GrantState
from bot.domain.notices import AllClear, GrantDelayed
from bot.domain.plan import Plan
from bot.domain.policy import Policy
from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.rules import Rule
from bot.reconcile.attempt import Attempt, Write
from bot.reconcile.drift_check import next_check
from bot.reconcile.outcome_recorder import ClusterOutcome, GrantOutcome
from bot.reconcile.recovery import Recovery, finding
from bot.reconcile.session_ends import SessionEnds
from bot.store import audit, clusters, grants
from bot.store.clusters import Watch


def record_outcome(session: Session, policy: Policy, attempt: Attempt, *, now: datetime) -> None:
    """Record what the last plan of a successful attempt saw.

    A grant that somebody changed in the meantime keeps that change, and its cluster is due again.
    """
    outcome = attempt.outcome
    known = clusters.get_with_adoptions(session, attempt.cluster_id)
    if outcome is None or known is None:
        return
    before, has_adoptions = known
    recorded = (session, policy, attempt, outcome, before, now)
    on_cluster, on_grant = ClusterOutcome(*recorded), GrantOutcome(*recorded)
    _record_writes(session, attempt, now)
    on_cluster.record_guard()
    current = grants.get_some(session, [grant.id for grant in attempt.loaded])
    after = [_recorded(session, attempt, on_grant, grant) for grant in current]
    session_ends = SessionEnds(session, policy, attempt, now)
    ended = {grant.source for grant in after if grant.ended_at == now}
    session_ends.of_removed(before.removed_sources - ended)
    session_ends.note_droplets(after)
    recovered = Recovery(*recorded).recover()
    on_cluster.refuse_for_open_cluster()
    if has_adoptions:
        on_cluster.refuse_to_adopt_nothing()
    on_cluster.tell_of_others()
    on_cluster.record_whether_open()
    if before.alarms:
        audit.record(session, Action.ALL_CLEAR, at=now, cluster=attempt.alias)
        notice = AllClear(cluster=attempt.alias, failing_since=before.alarm_since or now)
        notify_operators(session, notice, policy, at=now)
    written_at = now if attempt.writes else attempt.watch.written_at
    # What was approved meanwhile is counted in `changes`, and the cluster is due at once.
    is_watched = not attempt.rules or any(grant.is_live for grant in (*after, *recovered))
    look_at = next_check(
        policy, attempt.cluster_id, now, written_at=written_at, is_watched=is_watched
    )
    clusters.note_success(
        session,
        attempt.cluster_id,
        at=now,
        rule_count=len(attempt.rules),
        written_at=written_at,
        guarded=attempt.is_guarded(policy.instance),
        unfit="\n".join(finding(orphan) for orphan in outcome.unfit),
        described=_described(attempt.rules),
        label_losses=_label_losses(attempt, outcome, policy.instance),
        next_at=min([look_at, *(orphan.label.until for orphan in outcome.unfit)]),
        changes=attempt.watch.changes,
    )


def _recorded(session: Session, attempt: Attempt, on_grant: GrantOutcome, current: Grant) -> Grant:
    """Record what became of a grant, and what was seen of it if nothing did; return it."""
    if current.state is GrantState.ENDED:
        return current
    seen = attempt.as_seen(current)
    recorded = on_grant.record(seen)
    if recorded is seen and seen != current:
        grants.save(session, seen)
    return recorded


def _described(rules: Sequence[Rule]) -> str:
    return "\n".join(str(rule.source) for rule in rules if rule.description and rule.source)


def _label_losses(attempt: Attempt, outcome: Plan, instance: str) -> int:
    """Return after how many writes in a row our labels were lost immediately."""
    if attempt.writes and outcome.unlabelled:
        return attempt.watch.label_losses + 1
    is_kept = not outcome.unlabelled and any(rule.label_of(instance) for rule in attempt.rules)
    return 0 if is_kept else attempt.watch.label_losses


def record_failure(
    session: Session,
    policy: Policy,
    attempt: Attempt,
    error: str,
    *,
    now: datetime,
    next_at: datetime,
    why: AnyRefusal,
) -> None:
    """Record that an attempt failed, and when the next one is due.

    What was seen of our rules is recorded all the same. Those who wait for access are told once
    *why* it does not open.
    """
    _record_writes(session, attempt, now)
    for current in grants.get_some(session, [grant.id for grant in attempt.loaded]):
        noted = attempt.as_seen(current)
        if noted.waits_to_open(now) and noted.delayed_at is None:
            noted = noted.delay(now)
            notify_of_grant(session, GrantDelayed(grant=noted, why=why), policy, at=now)
        if noted != current:
            grants.save(session, noted)
    if attempt.outcome is not None:
        ClusterOutcome(
            session, policy, attempt, attempt.outcome, attempt.watch, now
        ).tell_of_others()
        if attempt.watch.rule_count is None:  # nothing to compare descriptions with yet
            clusters.note_described(session, attempt.cluster_id, _described(attempt.rules))
    clusters.note_failure(session, attempt.cluster_id, at=now, error=error, next_at=next_at)


def record_lost_attempt(session: Session, watch: Watch, *, now: datetime) -> None:
    """Record that an earlier attempt never finished, so that the audit has no silent gap."""
    audit.record(
        session,
        Action.ATTEMPT_LOST,
        at=now,
        cluster=watch.alias,
        since=watch.attempt_at.isoformat() if watch.attempt_at else None,
    )
    clusters.note_attempt(session, watch.id, None)


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
    """Return what only some writes have: adopted rules that they release, an unknown outcome."""
    released = [str(rule.source) for rule in write.plan.releases]
    told = {"released": released} if released else {}
    return told if write.certain else {**told, "certain": False}
