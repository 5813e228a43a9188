"""Which addresses are let in by sources that name none: those of Droplets, by id or by tag."""

from collections.abc import Iterable

from bot.domain.sources import SourceType, TrustedSource
from bot.providers.base import NamedSource, NotAuthorised, Provider, Purpose


def known_droplets(provider: Provider) -> list[NamedSource]:
    """Return all Droplets, before somebody is cut off; none without the right to list them.

    Raises:
        ApiError: they cannot be listed now.
    """
    try:
        return provider.list_sources(SourceType.DROPLET, purpose=Purpose.ENDS)
    except NotAuthorised:
        return []


def addresses_behind(source: TrustedSource, droplets: Iterable[NamedSource]) -> frozenset[str]:
    """Return the addresses of those *droplets*, all that there are, that a source lets in.

    The nodes of a Kubernetes cluster are Droplets with the tag `k8s:<its UUID>`.
    """
    return frozenset(
        address
        for droplet in droplets
        if _lets_in(source, droplet)
        for address in droplet.addresses
    )


def _lets_in(source: TrustedSource, droplet: NamedSource) -> bool:
    tags = {tag.lower() for tag in droplet.tags}
    match source.type:
        case SourceType.DROPLET:
            return source.value == droplet.id
        case SourceType.TAG:
            return source.value.lower() in tags
        case SourceType.K8S:
            return f"k8s:{source.value}" in tags
        case _:
            return False
