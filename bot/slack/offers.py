"""Offers: what somebody may choose from in a form, as far as that is known without waiting."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from bot.digitalocean import ApiError
from bot.digitalocean.catalogue import Catalogue
from bot.domain.people import Person, Standing, groups_in_question, is_named
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.sources import SourceType, TrustedSource
from bot.slack import messages
from bot.slack.directory import Directory, DirectoryUnavailable
from bot.slack.drafts import Search
from bot.slack.interaction import Interaction
from bot.slack.later import Later

Clusters = dict[str, ClusterPolicy]


class Offers:
    """Answers from memory; whoever chooses what they may not is refused when they ask for it."""

    def __init__(
        self,
        directory: Directory,
        catalogue: Catalogue,
        policy: Callable[[], Policy],
        later: Later,
    ) -> None:
        self._directory = directory
        self._catalogue = catalogue
        self._policy = policy
        self._later = later

    def clusters(self, asked: Interaction) -> Clusters:
        """Return the clusters that somebody may ask for, and those that only Slack could tell."""
        return {
            alias: cluster
            for alias, cluster in self._policy().clusters.items()
            if self._may(asked, cluster.requesters) is not False
        }

    def emergencies(self, asked: Interaction) -> Clusters:
        """Return where somebody may break the glass, and where only Slack could tell."""
        return {
            alias: cluster
            for alias, cluster in self._policy().clusters.items()
            if cluster.emergency is not None
            and self._may(asked, cluster.emergency.requesters, as_member=True) is not False
        }

    def sources(self, search: Search) -> list[dict[str, Any]]:
        """Return the things of a kind that go with what was typed.

        Names are told only to somebody who may ask for access from such a thing.
        """
        asked, kind = search.interaction, search.kind
        takers = [c for c in self._policy().clusters.values() if kind in c.source_types]
        rights = [self._may(asked, cluster.requesters) for cluster in takers]
        if not any(rights):
            if None not in rights:
                return []
            self._ask_slack(asked, takers)
            return messages.not_yet_known()
        typed = search.typed.removeprefix(f"{kind}:")
        try:
            return messages.picks(kind, self._catalogue.find(kind, typed))
        except ApiError as error:
            return messages.not_listed(kind, error)

    def name_of(self, source: TrustedSource | None) -> str:
        """Return the name that people know a source by, as far as it is remembered."""
        return self._catalogue.name_of(source.type, source.value) if source else ""

    def get_ready(self, asked: Interaction, clusters: Mapping[str, ClusterPolicy]) -> None:
        """Have what a form may need soon read in the background: names, and who somebody is."""
        kinds = {kind for cluster in clusters.values() for kind in cluster.source_types}
        listed = kinds - {SourceType.IP_ADDR}
        self._catalogue.begin_to_fetch(listed)
        if listed:
            self._ask_slack(asked, clusters.values())

    def _may(
        self, asked: Interaction, names: Iterable[str], *, as_member: bool = False
    ) -> bool | None:
        """Tell whether *names* include somebody; None where Slack must be asked."""
        names = tuple(names)
        groups = groups_in_question(asked.user_id, names)
        if not groups:
            return is_named(Person(asked.user_id), names)
        person = self._directory.known(asked.user_id, asked.team_id, groups)
        if person is None:
            return None
        return is_named(person, names) and not (
            as_member and person.standing is not Standing.MEMBER
        )

    def _ask_slack(self, asked: Interaction, clusters: Iterable[ClusterPolicy]) -> None:
        """Have who somebody is remembered soon."""
        groups = frozenset(
            group
            for cluster in clusters
            for group in groups_in_question(asked.user_id, cluster.requesters)
        )
        if not groups or self._directory.known(asked.user_id, asked.team_id, groups):
            return

        def act() -> None:
            with suppress(DirectoryUnavailable):
                self._directory.person(asked.user_id, asked.team_id, groups)

        self._later.do(act)
