"""Asker: who asks, as far as that is known without asking Slack, and what they wish."""

from bot.access import AccessService
from bot.domain.commands import Command
from bot.domain.people import Person
from bot.slack.inbound.payloads import Interaction
from bot.slack.users.directory import Directory


class Asker:
    """Tells who somebody is for the wish at hand, or writes the wish down until Slack has said."""

    def __init__(self, access: AccessService, directory: Directory) -> None:
        self._access = access
        self._directory = directory

    def now(self, command: Command, asked: Interaction) -> Person | None:
        """Return as much of who asks as the wish needs; None where Slack must be asked first."""
        question = self._access.question(command, asked.user_id)
        if question is None:
            return Person(asked.user_id)
        return self._directory.known(asked.user_id, asked.team_id, question.groups)

    def ask(self, command: Command, asked: Interaction) -> Person:
        """Return as much of who asks as the wish needs, from Slack where it must be asked.

        Raises:
            DirectoryUnavailable: Slack does not say.
        """
        question = self._access.question(command, asked.user_id)
        if question is None:
            return Person(asked.user_id)
        return self._directory.person(asked.user_id, asked.team_id, question.groups)

    def lately(self, command: Command, asked: Interaction) -> Person | None:
        """Return as `now`, or who asks as Slack last said it: good for advice, for no right."""
        question = self._access.question(command, asked.user_id)
        if question is None:
            return Person(asked.user_id)
        return self._directory.last_known(asked.user_id, asked.team_id, question.groups)

    def defer(self, command: Command, asked: Interaction) -> None:
        """Write a wish down, to be carried out in a moment."""
        self._access.defer(
            command,
            user_id=asked.user_id,
            team_id=asked.team_id,
            origin=asked.origin,
            response_url=asked.response_url,
        )
