"""Which addresses are let in by rules that name none: those of Droplets, by id or by tag."""

from collections.abc import Iterable

from bot.domain.sources import SourceType, TrustedSource
from bot.providers.base import NamedSource, NotAuthorised, Provider

MACHINES = frozenset({SourceType.DROPLET, SourceType.K8S, SourceType.TAG})
"""The types of source that let in Droplets; the addresses of apps are in no list."""


def addresses_of_machines(provider: Provider, sources: Iterable[TrustedSource]) -> frozenset[str]:
    """Return the addresses of the Droplets that some of *sources* are, or have among them.

    Without the scope to list Droplets, nothing is known of any.

    Raises:
        ApiError: they cannot be listed now.
    """
    named = {source for source in sources if source.type in MACHINES}
    if not named:
        return frozenset()
    try:
        machines = provider.list_sources(SourceType.DROPLET)
    except NotAuthorised:
        return frozenset()
    return frozenset().union(*(addresses_behind(source, machines) for source in named))


def addresses_behind(source: TrustedSource, machines: Iterable[NamedSource]) -> frozenset[str]:
    """Return the addresses of those *machines*, all Droplets that there are, that a source lets in.

    The nodes of a Kubernetes cluster are Droplets with the tag `k8s:<its UUID>`.
    """
    return frozenset(
        address
        for machine in machines
        if _lets_in(source, machine)
        for address in machine.addresses
    )


def _lets_in(source: TrustedSource, machine: NamedSource) -> bool:
    tags = {tag.lower() for tag in machine.tags}
    match source.type:
        case SourceType.DROPLET:
            return source.value == machine.id
        case SourceType.TAG:
            return source.value.lower() in tags
        case SourceType.K8S:
            return f"k8s:{source.value}" in tags
        case _:
            return False
