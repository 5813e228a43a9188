"""The directory: who somebody is to the workspace, and which user groups they are in.

Read from `auth.test`, `users.info` and `usergroups.list`, and cached for at most a minute. What
cannot be read is not guessed.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from slack_sdk import WebClient

from bot.domain.people import NeedsDirectory, Person, Standing
from bot.slack.users.memory import Memory
from bot.slack.users.people_api import Groups, PeopleApi
from bot.slack.users.unavailable import DirectoryUnavailable

ROUNDS = 10  # of asking about people, each for what turned out to matter after the one before
_ALL = ""  # what is said of the workspace, not of one person
NO_SUCH_USER = "user_not_found"
UNKNOWN_USER = frozenset({NO_SUCH_USER, "user_not_visible"})

T = TypeVar("T")


class Directory:
    """Answers from memory if that is fresh, else from Slack. Thread-safe."""

    def __init__(
        self,
        client: WebClient,
        *,
        clock_seconds: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._api = PeopleApi(client, clock_seconds)
        self._now = now
        self._users = Memory[dict[str, Any]](clock_seconds, now)
        self._groups = Memory[Groups](clock_seconds, now)
        self._installation = Memory[tuple[str, str]](clock_seconds, now)
        self._named: frozenset[str] = frozenset()  # all groups that anybody asked for

    def known(self, user_id: str, team_id: str) -> Person:
        """Return what is cached of somebody, perhaps nothing; never calls Slack."""
        return self._remembered(user_id, team_id, self._users.fresh, self._groups.fresh)

    def last_known(self, user_id: str, team_id: str) -> Person:
        """Return what Slack last said of somebody, however long ago: for advice, no right."""
        return self._remembered(user_id, team_id, self._users.last, self._groups.last)

    def decide(self, user_id: str, team_id: str, act: Callable[[Person], T]) -> T:
        """Return the result of *act* for somebody, asking Slack for what it depends on.

        Args:
            user_id: the Slack user.
            team_id: the team that the interaction came from; empty if it named none.
            act: called again, with more known of them, whenever it raises `NeedsDirectory`.

        Raises:
            DirectoryUnavailable: Slack cannot be asked, or gives no clear answer.
        """
        person = self.known(user_id, team_id)
        for _ in range(ROUNDS):
            try:
                return act(person)
            except NeedsDirectory as needs:
                person = self.person(user_id, team_id, person.asked | needs.groups[user_id])
        raise DirectoryUnavailable("what is asked about keeps changing")

    def concerned(self, known: Person, groups: Iterable[str], *, since: datetime) -> Person:
        """Return more about somebody whom another person's action concerns, read since then.

        Somebody of whom Slack says clearly that it does not know them has no standing.

        Args:
            known: what was read of them since then, perhaps nothing.
            groups: the user groups whose members are needed besides.
            since: what was read after that is fresh enough (aware UTC).

        Raises:
            DirectoryUnavailable: Slack cannot be asked, or gives no clear answer.
        """
        new = frozenset(groups) - known.asked
        try:
            return self._person(
                known.id,
                "",
                known.asked | new,
                user_since=since if known.standing is Standing.UNKNOWN else None,
                groups_since=since if new else None,
            )
        except DirectoryUnavailable as error:
            if error.code not in UNKNOWN_USER:
                raise
            return Person(known.id, Standing.NOBODY, asked=known.asked | new)

    def person(self, user_id: str, team_id: str, groups: Iterable[str]) -> Person:
        """Return who somebody is and which of *groups* they are in.

        Args:
            user_id: the Slack user.
            team_id: the team that the interaction came from; empty where it named none.
            groups: the user groups whose members are needed.

        Raises:
            DirectoryUnavailable: Slack cannot be asked, or gives no clear answer.
        """
        return self._person(user_id, team_id, frozenset(groups))

    def outdate(self, user_id: str) -> None:
        """Have Slack asked again about somebody, whose account has changed."""
        self._users.outdate(user_id)

    def has_left(self, user_id: str) -> bool:
        """Tell whether somebody's account was deactivated; Slack is asked now, and must be clear.

        Raises:
            DirectoryUnavailable: Slack cannot be asked, or gives no clear answer.
        """
        return self._user(user_id, since=self._now()).get("deleted") is True

    def members(self, groups: Iterable[str]) -> frozenset[str]:
        """Return who is in any of *groups*, for advice and no right.

        Raises:
            DirectoryUnavailable: Slack cannot be asked, or gives no clear answer.
        """
        said = self._groups.get(_ALL, self._api.groups)
        return frozenset().union(*(_members(said, group) for group in groups))

    def last_members(self, groups: Iterable[str]) -> frozenset[str]:
        """Return who was last said to be in any of *groups*; never calls Slack."""
        said = self._groups.last(_ALL) or {}
        return frozenset().union(*(said.get(group) or () for group in groups))

    def local_time(self, user_id: str) -> datetime | None:
        """Return the time where somebody is, by the zone that Slack last named; never calls Slack.

        None where it named none, or none that this machine knows.
        """
        user = self._users.last(user_id) or {}
        with suppress(ValueError, TypeError, ZoneInfoNotFoundError, OSError):
            return self._now().astimezone(ZoneInfo(user["tz"])) if user.get("tz") else None
        return None

    def name(self, user_id: str) -> str:
        """Return somebody's name: the display name that they chose, else their real one.

        Raises:
            DirectoryUnavailable: Slack cannot be asked, or gives no clear answer.
        """
        user = self._user(user_id)
        profile = user.get("profile") or {}
        names = (profile.get("display_name"), user.get("real_name"), user.get("name"))
        return next((str(name) for name in names if name), user_id)

    def _person(
        self,
        user_id: str,
        team_id: str,
        groups: frozenset[str],
        *,
        user_since: datetime | None = None,
        groups_since: datetime | None = None,
    ) -> Person:
        standing = self._standing(self._user(user_id, since=user_since), team_id)
        if not groups:
            return Person(user_id, standing)
        said = self._groups.get(_ALL, self._api.groups, since=groups_since)
        self._named |= groups
        belongs_to = frozenset(group for group in groups if user_id in _members(said, group))
        return Person(user_id, standing, belongs_to, asked=groups)

    def _remembered(
        self,
        user_id: str,
        team_id: str,
        user_by: Callable[[str], dict[str, Any] | None],
        groups_by: Callable[[str], Groups | None],
    ) -> Person:
        user = user_by(user_id)
        if user is None or self._installation.last(_ALL) is None:
            return Person(user_id)
        standing, said = self._standing(user, team_id), groups_by(_ALL)
        if said is None:
            return Person(user_id, standing)
        belongs_to = frozenset(
            group for group, members in said.items() if user_id in (members or ())
        )
        asked = frozenset(group for group in self._named | said.keys() if _is_said(said, group))
        return Person(user_id, standing, belongs_to, asked=asked)

    def _user(self, user_id: str, *, since: datetime | None = None) -> dict[str, Any]:
        return self._users.get(user_id, lambda: self._api.user(user_id), since=since)

    def _standing(self, user: dict[str, Any], team_id: str) -> Standing:
        if user.get("deleted"):
            return Standing.DEACTIVATED
        if user.get("is_bot") or user.get("is_workflow_bot"):
            return Standing.BOT
        if user.get("is_stranger") or not self._is_here(user, team_id):
            return Standing.OUTSIDER
        if user.get("is_restricted") or user.get("is_ultra_restricted"):
            return Standing.GUEST
        return Standing.MEMBER

    def _is_here(self, user: dict[str, Any], team_id: str) -> bool:
        """Tell whether the person's and the interaction's team are those of the installation."""
        team, enterprise = self._own_team()
        here = {team, enterprise} - {""}
        in_enterprise = user.get("enterprise_user") or {}
        teams = {
            user.get("team_id"),
            in_enterprise.get("enterprise_id"),
            *in_enterprise.get("teams", []),
        }
        acted_here = team_id in {"", *here} or bool(enterprise)
        return bool(teams & here) and acted_here

    def _own_team(self) -> tuple[str, str]:
        known = self._installation.last(_ALL)
        return known or self._installation.get(_ALL, self._api.installation)


def _is_said(said: Groups, group: str) -> bool:
    return said.get(group, frozenset()) is not None


def _members(said: Groups, group: str) -> frozenset[str]:
    """Return who is in a group; one that is not there, or is disabled, has no members."""
    members = said.get(group, frozenset())
    if members is None:
        raise DirectoryUnavailable(f"usergroups.list did not say who is in {group}")
    return members
