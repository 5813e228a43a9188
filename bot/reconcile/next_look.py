"""When a cluster is looked at again, so that looks at many clusters are spread evenly."""

import hashlib
from datetime import datetime, timedelta

from bot.domain.ownership import SETTLE
from bot.domain.policy import Policy

_LOOKS = (SETTLE / 2, SETTLE - timedelta(seconds=5))
_IDLE_DRIFTS = 12
_SOONEST_SECONDS = 1.0


def next_look(
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
