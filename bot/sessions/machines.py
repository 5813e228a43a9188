"""Which addresses are let in by rules that name none: those of Droplets, by id or by tag."""

from collections.abc import Iterable

from bot.domain.sources import SourceType, TrustedSource
from bot.providers.base import NotAuthorised, Provider

_NAMELESS = {SourceType.DROPLET, SourceType.K8S, SourceType.TAG}


def addresses_of_machines(provider: Provider, sources: Iterable[TrustedSource]) -> frozenset[str]:
    """Return the addresses of the Droplets that some of *sources* are, or have among them.

    The nodes of a Kubernetes cluster are Droplets with the tag `k8s:<its UUID>`. Without the scope
    to list Droplets, nothing is known of any.

    Raises:
        ApiError: they cannot be listed now.
    """
    named = {source for source in sources if source.type in _NAMELESS}
    if not named:
        return frozenset()
    ids = {source.value for source in named if source.type is SourceType.DROPLET}
    tags = {source.value.lower() for source in named if source.type is SourceType.TAG}
    tags |= {f"k8s:{source.value}" for source in named if source.type is SourceType.K8S}
    try:
        machines = provider.list_sources(SourceType.DROPLET)
    except NotAuthorised:
        return frozenset()
    return frozenset(
        address
        for machine in machines
        if machine.id in ids or tags & {tag.lower() for tag in machine.tags}
        for address in machine.addresses
    )
