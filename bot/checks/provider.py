"""The provider: what the credentials may read, and how the policy's clusters stand.

Nothing is written, so whether they may write is not known afterwards.
"""

from collections.abc import Iterator, Set

from bot.checks.findings import Finding, fault, hint, ok
from bot.domain.plan import MAX_RULES
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.sources import KINDS, SourceType
from bot.providers.base import ApiError, BudgetSpent, Provider, Unavailable

NEARLY_FULL = 90


def check_provider(provider: Provider, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each cluster, and for each list that a picker needs."""
    for alias, cluster in policy.clusters.items():
        try:
            count = len(provider.read_rules(str(cluster.id)))
        except BudgetSpent:
            yield hint(f"cluster {alias}", "not looked at: the API calls left are for other things")
        except Unavailable as error:
            if error.status is None:  # nothing answers, so the others need not be asked
                yield fault("digitalocean", provider.remedy(error))
                return
            yield fault(f"cluster {alias}", provider.remedy(error))
        except ApiError as error:
            yield fault(f"cluster {alias}", provider.remedy(error))
        else:
            yield _check_cluster(alias, cluster, count)
    taken = {kind for cluster in policy.clusters.values() for kind in cluster.source_types}
    for kind in (kind for kind in SourceType if kind in taken - {SourceType.IP_ADDR}):
        yield _check_list(provider, kind)
    if any(cluster.sessions for cluster in policy.clusters.values()):
        yield from _check_droplets(provider, taken)
    yield hint("not tested", provider.untested)


def _check_cluster(alias: str, cluster: ClusterPolicy, count: int) -> Finding:
    what = f"cluster {alias}"
    if not count and cluster.allow_open:
        return hint(what, "open to everybody; the first grant closes it to all others")
    if not count:
        return fault(
            what,
            "open to everybody, so requests are refused: add the trusted sources that must keep "
            "working, or set allow_open = true",
        )
    if count >= MAX_RULES:
        return fault(what, f"full with {count} trusted sources: nothing can be added")
    if count >= NEARLY_FULL:
        return hint(what, f"{count} trusted sources, of {MAX_RULES} that it can have")
    return ok(what, "1 trusted source" if count == 1 else f"{count} trusted sources")


def _check_droplets(provider: Provider, taken: Set[SourceType]) -> Iterator[Finding]:
    """Look whether Droplets and their tags can be read, by which their sessions are known.

    What access is for already has its list looked at.
    """
    by_tag = taken & {SourceType.TAG, SourceType.K8S}
    by_id = taken & {SourceType.DROPLET}
    for kind, is_needed in ((SourceType.DROPLET, by_id | by_tag), (SourceType.TAG, by_tag)):
        if kind in taken:
            continue
        try:
            provider.list_sources(kind)
        except ApiError as error:
            why = provider.remedy(error, kind)
            if is_needed:
                yield fault("sessions", f"those of tags and Kubernetes clusters stay open: {why}")
            else:
                yield hint("sessions", f"Droplets trusted by id or tag may be cut off: {why}")


def _check_list(provider: Provider, kind: SourceType) -> Finding:
    what = KINDS[kind].plural
    try:
        return ok(what, f"{len(provider.list_sources(kind))} to choose from")
    except ApiError as error:
        return fault(what, provider.remedy(error, kind))
