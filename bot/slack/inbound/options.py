"""Options: what somebody may choose from in a form, as far as that is known without waiting."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from bot.domain.people import NeedsDirectory, Person
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.reading import emergencies_of, requestable_by
from bot.domain.sources import SourceType, TrustedSource
from bot.providers.base import ApiError
from bot.providers.catalogue import Catalogue
from bot.slack import messages
from bot.slack.inbound.background_tasks import BackgroundTasks
from bot.slack.inbound.form_state import Search
from bot.slack.inbound.payloads import Interaction
from bot.slack.users.directory import Directory
from bot.slack.users.unavailable import DirectoryUnavailable


class Options:
    """Answers from memory; a choice that somebody may not make is refused when they submit it."""

    def __init__(
        self,
        directory: Directory,
        catalogue: Catalogue,
        policy: Callable[[], Policy],
        background: BackgroundTasks,
    ) -> None:
        self._directory = directory
        self._catalogue = catalogue
        self._policy = policy
        self._background = background

    def seen_lately(self, asked: Interaction) -> Policy | None:
        """Return what somebody could see when Slack last said who they are, if it ever did."""
        person = self._directory.last_known(asked.user_id, asked.team_id)
        with suppress(NeedsDirectory):
            return self._policy().seen_by(person)
        return None

    def once_known(self, asked: Interaction, act: Callable[[Person], object]) -> None:
        """Do something that depends on who somebody is; nothing if Slack does not say."""

        def ask_and_act() -> None:
            with suppress(DirectoryUnavailable):
                self._directory.decide(asked.user_id, asked.team_id, act)

        try:
            act(self._directory.known(asked.user_id, asked.team_id))
        except NeedsDirectory:
            self._background.look_up(ask_and_act)

    def clusters(self, person: Person) -> Policy:
        """Return the policy of the clusters that somebody may ask for."""
        return requestable_by(self._policy(), person)

    def emergencies(self, person: Person) -> Policy:
        """Return the policy of the clusters to which somebody has emergency access."""
        return emergencies_of(self._policy(), person)

    def sources(self, search: Search) -> list[dict[str, Any]]:
        """Return the things of a kind that go with what was typed.

        Names are told only to somebody who may ask for access from such a thing.
        """
        asked, kind = search.interaction, search.kind
        takers = self._policy().where(lambda cluster: kind in cluster.source_types)

        def theirs(person: Person) -> Policy:
            return takers.where(lambda cluster: cluster.may_request(person))

        try:
            if not theirs(self._directory.known(asked.user_id, asked.team_id)).clusters:
                return []
        except NeedsDirectory:
            self.once_known(asked, theirs)
            return messages.not_yet_known()
        typed = search.typed.removeprefix(f"{kind}:")
        try:
            return messages.picks(kind, self._catalogue.find(kind, typed))
        except ApiError as error:
            return messages.not_listed(kind, error)

    def name_of(self, source: TrustedSource | None) -> str:
        """Return what people call a source, if that is cached."""
        return self._catalogue.name_of(source.type, source.value) if source else ""

    def get_ready(self, clusters: Iterable[ClusterPolicy]) -> None:
        """Fetch the names that a form may need soon, in the background."""
        kinds = {kind for cluster in clusters for kind in cluster.source_types}
        self._catalogue.prefetch(kinds - {SourceType.IP_ADDR})
