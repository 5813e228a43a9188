"""alarm: the operators are told of a cluster that cannot be reconciled, again and again."""

from datetime import datetime, timedelta

from bot.access.notifications import notify_operators
from bot.access.unit_of_work import UnitOfWork
from bot.domain.audit_actions import Action
from bot.domain.lifecycle import GrantState
from bot.domain.notices import Alarm, CallsMade, ClusterOpen
from bot.domain.policy import ALARM_AFTER, Policy
from bot.store import audit, clusters, grants
from bot.store.clusters import Watch
from bot.store.due import is_time

_LONGEST_SILENCE = timedelta(hours=1)
_DOUBLINGS = 12


def alarm(uow: UnitOfWork, calls: CallsMade) -> int:
    """Tell of each cluster that has failed for longer than `alarm_after`; return how many (P3).

    An alarm is repeated after twice the time, and so on, at least every hour. It tells the API
    *calls* that were made, since failing may be for lack of calls.
    """
    alarmed = 0
    for watch, waiting_since in clusters.troubled(uow.session):
        alarm_after = uow.policy.alarm_after(watch.id)
        if uow.policy.by_id(watch.id) is None and not waiting_since:
            continue  # it has left the policy, and nothing there is ours any more
        since = min(filter(None, [watch.failing_since, *waiting_since]))
        longest = longest_silence(alarm_after)
        if not is_time(uow.now, watch.alarm_at or since + alarm_after, within=longest):
            continue
        pause = silence(alarm_after, watch.alarms)
        clusters.note_alarm(uow.session, watch.id, since=since, next_at=uow.now + pause)
        audit.record(
            uow.session,
            Action.ALARMED,
            at=uow.now,
            cluster=watch.alias,
            since=since.isoformat(),
            error=watch.last_error,
        )
        notice = _alarm(uow, watch, since, calls)
        notify_operators(uow.session, notice, uow.policy, at=uow.now)
        alarmed += 1
    return alarmed


def shortest_patience(policy: Policy) -> timedelta:
    """Return after how long the operators hear of trouble with any cluster, at the least."""
    own = [cluster.alarm_after for cluster in policy.clusters.values()]
    return min([ALARM_AFTER, *own])  # a cluster that has left the policy has the default


def alarm_of_open(uow: UnitOfWork) -> int:
    """Tell again of each cluster that is open to everybody; return how many (P2)."""
    told = 0
    for watch in clusters.left_open(uow.session):
        pause = silence(uow.policy.alarm_after(watch.id), watch.open_alarms)
        if not is_time(uow.now, watch.open_alarm_at or uow.now, within=pause):
            continue
        clusters.note_open_alarm(uow.session, watch.id, next_at=uow.now + pause)
        known = grants.listing(uow.session, cluster_id=watch.id)
        notice = ClusterOpen(
            cluster=watch.alias,
            open_since=watch.open_since or uow.now,
            read_at=watch.read_at,
            lent=tuple(grant for grant in known if grant.is_live),
        )
        notify_operators(uow.session, notice, uow.policy, at=uow.now)
        told += 1
    return told


def silence(alarm_after: timedelta, told: int) -> timedelta:
    """Return how long to wait before an alarm that was sent so often is sent again."""
    doubled: timedelta = alarm_after * 2 ** min(told, _DOUBLINGS)
    return min(doubled, longest_silence(alarm_after))


def longest_silence(alarm_after: timedelta) -> timedelta:
    """Return after how long at the latest an alarm is sent again."""
    return max(_LONGEST_SILENCE, alarm_after)


def _alarm(uow: UnitOfWork, watch: Watch, since: datetime, calls: CallsMade) -> Alarm:
    known = grants.listing(uow.session, cluster_id=watch.id)
    return Alarm(
        cluster=watch.alias,
        failing_since=since,
        error=watch.last_error or "no answer yet",
        overdue=tuple(g for g in known if g.state is GrantState.REMOVING),
        waiting=tuple(g for g in known if g.state is GrantState.APPLYING),
        calls=calls,
    )
