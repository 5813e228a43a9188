"""Who is connected just now, by the trusted source that lets them in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from bot.domain.sessions import DatabaseSession
from bot.domain.sources import SourceType, TrustedSource
from bot.providers.base import NamedSource
from bot.sessions.droplets import addresses_behind, show_tags


@dataclass(frozen=True)
class Connected:
    """The sessions of a server at one moment.

    Attributes:
        by_source: those that each source lets in; a session may have several such sources. A source
            of which nobody knows the addresses is missing: an app, or a Droplet or tag without the
            right to read them.
        others: those from addresses that no source in there lets in.
    """

    by_source: Mapping[TrustedSource, Sequence[DatabaseSession]]
    others: Sequence[DatabaseSession]

    def count(self, source: TrustedSource | None) -> int | None:
        """Return how many sessions a source lets in; None where that is unknown."""
        there = self.by_source.get(source) if source else None
        return None if there is None else len(there)


def connected_by(
    sources: Collection[TrustedSource],
    there: Sequence[DatabaseSession],
    droplets: Sequence[NamedSource] | None,
) -> Connected:
    """Return which of the sessions *there* each of some sources lets in.

    Args:
        droplets: all that there are; None: they are not known.
    """
    by_source = {
        source: [one for one in there if _lets_in(source, one, droplets or ())]
        for source in sources
        if source.network is not None or _are_known(source, droplets)
    }
    let_in = {one for those in by_source.values() for one in those}
    return Connected(by_source, [one for one in there if one not in let_in])


def _are_known(source: TrustedSource, droplets: Sequence[NamedSource] | None) -> bool:
    if droplets is None or not source.lets_in_droplets:
        return False
    return source.type is SourceType.DROPLET or show_tags(droplets)


def _lets_in(
    source: TrustedSource, session: DatabaseSession, droplets: Sequence[NamedSource]
) -> bool:
    if source.network is not None:
        return ip_address(session.address) in source.network
    return session.address in addresses_behind(source, droplets)
