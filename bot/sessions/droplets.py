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


def addresses_of(source: TrustedSource, provider: Provider) -> frozenset[str]:
    """Return from where a source lets in, which is none of addresses itself.

    Raises:
        ApiError: its Droplets cannot be listed, or not their tags, by which it knows them.
    """
    droplets = provider.list_sources(SourceType.DROPLET, purpose=Purpose.ENDS)
    if source.type is not SourceType.DROPLET and not show_tags(droplets):
        provider.list_sources(SourceType.TAG, purpose=Purpose.ENDS)  # raises without the right to
    return addresses_behind(source, droplets)


def show_tags(droplets: Iterable[NamedSource]) -> bool:
    """Tell whether it is certain that tags are shown; else, no Droplet has any, or all are hidden.

    DigitalOcean lists Droplets by one scope, and shows their tags by another.
    """
    return any(droplet.tags for droplet in droplets)


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
