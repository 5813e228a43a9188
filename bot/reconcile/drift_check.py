"""When a cluster is read again though nothing was asked of it: its next drift check."""

import hashlib
from datetime import datetime, timedelta

from bot.domain.ownership import SETTLE
from bot.domain.policy import Policy

_AFTER_A_WRITE = (SETTLE / 2, SETTLE - timedelta(seconds=5))
_IDLE_DRIFTS = 12
_SOONEST_SECONDS = 1.0


def next_check(
    policy: Policy, cluster_id: str, now: datetime, *, written_at: datetime | None, is_watched: bool
) -> datetime:
    """Return when to read a cluster again.

    Twice while another tool may still undo our change with the list that it read before, then once
    every `drift`. Where nothing of ours should be, twelve times less often: an old list may be
    written at any time.
    """
    for after in _AFTER_A_WRITE:
        if written_at is not None and abs(now - written_at) < after:  # a clock may go backwards
            return written_at + after
    every = policy.scheduler.drift if is_watched else longest_between_checks(policy)
    return own_slot(cluster_id, now, every)


def longest_between_checks(policy: Policy) -> timedelta:
    """Return the longest that a cluster is left alone, unless something is asked of it."""
    return policy.scheduler.drift * _IDLE_DRIFTS


def own_slot(cluster_id: str, now: datetime, every: timedelta) -> datetime:
    """Return the cluster's next slot, at most *every* from now.

    Each cluster has its own, so that the checks of many are spread evenly.
    """
    period = every.total_seconds()
    digest = hashlib.sha256(cluster_id.encode()).digest()
    share = int.from_bytes(digest[:4]) / 2**32
    left = period - (now.timestamp() - share * period) % period
    return now + timedelta(seconds=left if left >= _SOONEST_SECONDS else period)
