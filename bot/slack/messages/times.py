"""Times: for how long a form lets one ask, in one cluster or while none is chosen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.durations import example_durations, sensible_durations, show_duration
from bot.domain.extensions import ExtensionTerms
from bot.domain.policy import ClusterPolicy

Clusters = Mapping[str, ClusterPolicy]


@dataclass(frozen=True)
class Times:
    """The durations to choose from, written as one would type them, and what is said of them.

    `usual` is empty while no cluster is chosen. `examples` of what to type, none of them too long.
    """

    choices: Collection[str]
    usual: str
    limits: str
    examples: Sequence[str]

    @classmethod
    def of(cls, clusters: Clusters, chosen: str) -> Times:
        """Return what holds for a request; without a cluster, what all of them allow."""
        cluster = clusters.get(chosen)
        if cluster:
            return _within(cluster.min_duration, cluster.max_duration, cluster.usual_duration)
        return _everywhere(clusters, [one.max_duration for one in clusters.values()])

    @classmethod
    def of_emergency(cls, clusters: Clusters, chosen: str) -> Times:
        """Return what holds in an emergency."""
        cluster = clusters.get(chosen)
        if cluster:
            return _within(cluster.min_duration, cluster.longest_emergency, cluster.usual_emergency)
        return _everywhere(clusters, [one.longest_emergency for one in clusters.values()])

    @classmethod
    def of_extension(cls, terms: ExtensionTerms) -> Times:
        """Return what holds for how much longer a grant may last."""
        times = _within(terms.shortest, terms.longest, terms.usual)
        if terms.in_all is None:
            return times
        most, in_all = show_duration(terms.longest), show_duration(terms.in_all)
        limits = f"Max {most} more: {terms.grant.cluster} allows {in_all} in all."
        return replace(times, limits=f"{limits} Defaults to {times.usual}.")


def _within(shortest: timedelta, longest: timedelta, usual: timedelta) -> Times:
    choices = [show_duration(one) for one in sensible_durations(shortest, longest, usual)]
    examples = example_durations(longest, shortest)
    return Times(choices, show_duration(usual), _limits(longest, usual), examples)


def _everywhere(clusters: Clusters, longest: Collection[timedelta]) -> Times:
    shortest = max(cluster.min_duration for cluster in clusters.values())
    choices = [show_duration(one) for one in sensible_durations(shortest, min(longest), None)]
    examples = example_durations(min(longest), shortest)
    return Times(choices, "", "Defaults to what is usual for the cluster.", examples)


def _limits(longest: timedelta, usual: timedelta) -> str:
    return f"Max {show_duration(longest)}. Defaults to {show_duration(usual)}."
