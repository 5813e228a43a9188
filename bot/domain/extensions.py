"""What somebody who wants to extend a grant may choose from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.lifecycle import Grant
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.principals import is_machine


@dataclass(frozen=True)
class ExtensionTerms:
    """The grant, how much longer it may last, and whether a reason is required.

    `in_all` is the cluster's `max_duration`, of which the grant has a part; None for an adopted
    rule. More than an emergency policy gives at once needs an approval, and may reach it too.
    """

    grant: Grant
    shortest: timedelta
    longest: timedelta
    usual: timedelta
    needs_reason: bool
    in_all: timedelta | None = None


def can_be_extended(grant: Grant, cluster: ClusterPolicy | None) -> bool:
    """Tell whether `max_duration` leaves room for more; unknown clusters are not judged here.

    A machine asks again instead, by its written policy.
    """
    if is_machine(grant.requester):
        return False
    if cluster is None or grant.adopted:
        return True
    already = grant.expires_at - grant.approved_at
    return already + cluster.min_duration <= cluster.max_duration


def at_maximum(grants: Iterable[Grant], policy: Policy) -> frozenset[int]:
    """Return the numbers of the grants that cannot be extended any more."""
    clusters = policy.clusters
    return frozenset(g.id for g in grants if not can_be_extended(g, clusters.get(g.cluster)))
