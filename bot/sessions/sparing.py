"""Sparing: who stays connected, since something else lets them in (P9)."""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, partial
from ipaddress import ip_address

from bot.domain.addresses import Network
from bot.domain.lifecycle import GrantState
from bot.domain.policy import Policy
from bot.domain.sessions import DatabaseSession
from bot.domain.sources import TrustedSource
from bot.providers.base import NamedSource, Provider, Purpose
from bot.retry import NotYet
from bot.sessions.base import SessionsError
from bot.sessions.droplets import addresses_behind, known_droplets
from bot.store import grants
from bot.store.database import Database

_UNDECIDED_SECONDS = 5.0


class StillOpen(SessionsError):
    """Sessions that were ended are still there, or so is the rule that lets them in."""


class Sparing:
    """Tells whom neither a rule nor a live grant lets in, as it is just now."""

    def __init__(
        self, database: Database, provider: Provider, policy: Callable[[], Policy]
    ) -> None:
        self._database = database
        self._provider = provider
        self._policy = policy

    def strangers(
        self,
        cluster_id: str,
        ended: TrustedSource,
        networks: Sequence[Network],
        there: Sequence[DatabaseSession],
    ) -> list[DatabaseSession]:
        """Return those of the sessions *there* that have to end.

        Args:
            ended: what is trusted no more.
            networks: where it let in from.

        Raises:
            StillOpen: our rule that let them in is still there.
            NotYet: those who are left may get access any moment.
            ApiError: the rules cannot be read now.
        """
        rules = self._provider.read_rules(cluster_id, purpose=Purpose.ENDS)
        if not rules:
            return []  # the cluster is open to everybody
        with self._database.reading() as session:
            live = [g for g in grants.listing(session, cluster_id=cluster_id) if g.is_live]
        lent = {grant.source for grant in live}
        instance = self._policy().instance
        for rule in rules:
            is_ours = rule.label_of(instance) is not None and rule.source not in lent
            if is_ours and rule.source and _lets_in_from(rule.source, ended, networks):
                raise StillOpen(f"a rule of ours for {rule.source} is still there")
        droplets = cache(partial(known_droplets, self._provider))
        open_by_now = {grant.source for grant in live if grant.state is not GrantState.APPLYING}
        trusted = open_by_now | {rule.source for rule in rules if rule.source}
        strangers = _not_let_in(trusted, there, droplets)
        uninvited = _not_let_in(lent - trusted, strangers, droplets)
        if strangers and not uninvited:
            raise NotYet("access from there is being opened", _UNDECIDED_SECONDS)
        return uninvited


def _not_let_in(
    sources: Collection[TrustedSource],
    there: Sequence[DatabaseSession],
    droplets: Callable[[], Sequence[NamedSource]],
) -> list[DatabaseSession]:
    networks = [source.network for source in sources if source.network]
    left = [one for one in there if not any(ip_address(one.address) in net for net in networks)]
    nameless = [source for source in sources if source.lets_in_droplets]
    if not (left and nameless):
        return left
    let_in = {address for one in nameless for address in addresses_behind(one, droplets())}
    return [one for one in left if one.address not in let_in]


def _lets_in_from(source: TrustedSource, ended: TrustedSource, networks: Iterable[Network]) -> bool:
    return source == ended or any(_overlap(source.network, one) for one in networks)


def _overlap(one: Network | None, other: Network) -> bool:
    return one is not None and one.version == other.version and one.overlaps(other)
