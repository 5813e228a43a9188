"""Options: what somebody may choose from in a form, as far as that is known without waiting."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from bot.domain.people import Person, groups_in_question
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.sources import SourceType, TrustedSource
from bot.providers.base import ApiError
from bot.providers.catalogue import Catalogue
from bot.slack import messages
from bot.slack.inbound.background_tasks import BackgroundTasks
from bot.slack.inbound.form_state import Search
from bot.slack.inbound.payloads import Interaction
from bot.slack.users.directory import Directory, DirectoryUnavailable


class Options:
    """Answers from memory; whoever chooses what they may not is refused when they ask for it."""

    def __init__(
        self,
        directory: Directory,
        catalogue: Catalogue,
        policy: Callable[[], Policy],
        later: BackgroundTasks,
    ) -> None:
        self._directory = directory
        self._catalogue = catalogue
        self._policy = policy
        self._later = later

    def known(self, asked: Interaction) -> Person | None:
        """Return who somebody is, as far as it tells what they may see; None: not known now."""
        groups = self._policy().groups_in_question(asked.user_id)
        return self._directory.known(asked.user_id, asked.team_id, groups)

    def seen_lately(self, asked: Interaction) -> Policy | None:
        """Return what somebody could see when Slack last said who they are; None: it never did."""
        policy = self._policy()
        groups = policy.groups_in_question(asked.user_id)
        person = self._directory.last_known(asked.user_id, asked.team_id, groups)
        return policy.seen_by(person) if person is not None else None

    def once_known(
        self, asked: Interaction, act: Callable[[Person], None], *, emergency: bool
    ) -> None:
        """Do something that depends on who somebody is; nothing where Slack does not say it."""
        groups = self._policy().groups_in_question(asked.user_id, emergency=emergency)
        person = self._directory.known(asked.user_id, asked.team_id, groups)
        if person is not None:
            act(person)
            return

        def ask_and_act() -> None:
            with suppress(DirectoryUnavailable):
                act(self._directory.person(asked.user_id, asked.team_id, groups))

        self._later.do(ask_and_act)

    def clusters(self, person: Person) -> Policy:
        """Return the policy of the clusters that somebody may ask for."""
        policy = self._policy()
        return policy.only({a for a, one in policy.clusters.items() if one.may_request(person)})

    def emergencies(self, person: Person) -> Policy:
        """Return the policy of the clusters where somebody may break the glass."""
        policy = self._policy()
        mine = {a for a, one in policy.clusters.items() if one.may_use_emergency(person)}
        return policy.only(mine)

    def sources(self, search: Search) -> list[dict[str, Any]]:
        """Return the things of a kind that go with what was typed.

        Names are told only to somebody who may ask for access from such a thing.
        """
        asked, kind = search.interaction, search.kind
        takers = [c for c in self._policy().clusters.values() if kind in c.source_types]
        named = (groups_in_question(asked.user_id, cluster.requesters) for cluster in takers)
        groups = frozenset[str]().union(*named)
        person = self._directory.known(asked.user_id, asked.team_id, groups)
        if person is None:
            self._ask_slack(asked, groups)
            return messages.not_yet_known()
        if not any(cluster.may_request(person) for cluster in takers):
            return []
        typed = search.typed.removeprefix(f"{kind}:")
        try:
            return messages.picks(kind, self._catalogue.find(kind, typed))
        except ApiError as error:
            return messages.not_listed(kind, error)

    def name_of(self, source: TrustedSource | None) -> str:
        """Return the name that people know a source by, as far as it is remembered."""
        return self._catalogue.name_of(source.type, source.value) if source else ""

    def get_ready(self, clusters: Iterable[ClusterPolicy]) -> None:
        """Have the names that a form may need soon read in the background."""
        kinds = {kind for cluster in clusters for kind in cluster.source_types}
        self._catalogue.prefetch(kinds - {SourceType.IP_ADDR})

    def _ask_slack(self, asked: Interaction, groups: frozenset[str]) -> None:
        """Have who somebody is remembered soon."""

        def act() -> None:
            with suppress(DirectoryUnavailable):
                self._directory.person(asked.user_id, asked.team_id, groups)

        self._later.do(act)
