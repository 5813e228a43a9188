"""The directory: who somebody is to the workspace, and which user groups they are in.

Read from `auth.test`, `users.info` and `usergroups.users.list`, and cached for at most a minute.
What cannot be read is not guessed.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeVar

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.domain.people import NeedsDirectory, Person, Standing
from bot.slack.client import NO_ANSWER
from bot.slack.users.memory import Memory

ROUNDS = 10  # of asking about people, each for what turned out to matter after the one before
_NO_SUCH_GROUP = "no_such_subteam"
NO_SUCH_USER = "user_not_found"
UNKNOWN_USER = frozenset({NO_SUCH_USER, "user_not_visible"})

T = TypeVar("T")


class DirectoryUnavailable(Exception):
    """Slack did not say what was asked, so nobody's right can be established.

    `code` is Slack's error code, if there was one.
    """

    def __init__(self, why: str, code: str = "") -> None:
        super().__init__(why)
        self.code = code


class Directory:
    """Answers from memory if that is fresh, else from Slack. Thread-safe."""

    def __init__(
        self,
        client: WebClient,
        *,
        clock_seconds: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._now = now
        self._users = Memory[dict[str, Any]](clock_seconds)
        self._members = Memory[frozenset[str]](clock_seconds)
        self._installation: tuple[str, str] | None = None

    def known(self, user_id: str, team_id: str) -> Person:
        """Return what is cached of somebody, perhaps nothing; never calls Slack."""
        return self._remembered(user_id, team_id, self._users.fresh, self._members.fresh)

    def last_known(self, user_id: str, team_id: str) -> Person:
        """Return what Slack last said of somebody, however long ago: for advice, no right."""
        return self._remembered(user_id, team_id, self._users.last, self._members.last)

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
        self._members.forget(new, asked_until=since)
        if known.standing is Standing.UNKNOWN:
            self._users.forget([known.id], asked_until=since)
        try:
            return self.person(known.id, "", known.asked | new)
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
        groups = frozenset(groups)
        standing = self._standing(self._user(user_id), team_id)
        belongs_to = frozenset(group for group in groups if user_id in self._members_of(group))
        return Person(user_id, standing, belongs_to, asked=groups)

    def outdate(self, user_id: str) -> None:
        """Have Slack asked again about somebody, whose account has changed."""
        self._users.outdate(user_id)

    def has_left(self, user_id: str) -> bool:
        """Tell whether somebody's account was deactivated; Slack is asked now, and must be clear.

        Raises:
            DirectoryUnavailable: Slack cannot be asked, or gives no clear answer.
        """
        self._users.forget([user_id], asked_until=self._now())
        return self._user(user_id).get("deleted") is True

    def name(self, user_id: str) -> str:
        """Return somebody's name: the display name that they chose, else their real one.

        Raises:
            DirectoryUnavailable: Slack cannot be asked, or gives no clear answer.
        """
        user = self._user(user_id)
        profile = user.get("profile") or {}
        names = (profile.get("display_name"), user.get("real_name"), user.get("name"))
        return next((str(name) for name in names if name), user_id)

    def _remembered(
        self,
        user_id: str,
        team_id: str,
        user_by: Callable[[str], dict[str, Any] | None],
        members_by: Callable[[str], frozenset[str] | None],
    ) -> Person:
        user = user_by(user_id)
        if user is None or self._installation is None:
            return Person(user_id)
        members = {group: members_by(group) for group in self._members.all_keys()}
        asked = frozenset(group for group, users in members.items() if users is not None)
        belongs_to = frozenset(group for group in asked if user_id in (members[group] or ()))
        return Person(user_id, self._standing(user, team_id), belongs_to, asked=asked)

    def _user(self, user_id: str) -> dict[str, Any]:
        known = self._users.fresh(user_id)
        if known is not None:
            return known
        asked_at = self._now()
        user = self._call("users.info", user=user_id).get("user")
        if not isinstance(user, dict) or user.get("id") != user_id:
            raise DirectoryUnavailable("users.info gave no user")
        self._users.remember(user_id, user, asked_at)
        return user

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
        if self._installation is None:
            answer = self._call("auth.test")
            if not answer.get("team_id"):
                raise DirectoryUnavailable("auth.test named no team")
            self._installation = (answer["team_id"], answer.get("enterprise_id") or "")
        return self._installation

    def _members_of(self, group: str) -> frozenset[str]:
        known = self._members.fresh(group)
        if known is not None:
            return known
        asked_at = self._now()
        users = self._listed(group)
        if not isinstance(users, list):
            raise DirectoryUnavailable("usergroups.users.list gave no users")
        self._members.remember(group, frozenset(users), asked_at)
        return frozenset(users)

    def _listed(self, group: str) -> Any:
        try:
            return self._call("usergroups.users.list", usergroup=group).get("users")
        except DirectoryUnavailable as error:
            if error.code != _NO_SUCH_GROUP:
                raise
            return []  # it has no members; other groups may

    def _call(self, method: str, **params: str) -> dict[str, Any]:
        try:
            answer = self._client.api_call(method, params=params)
        except SlackApiError as error:
            code = str(error.response.get("error") or "")
            raise DirectoryUnavailable(f"{method}: {code}", code) from error
        except NO_ANSWER as error:
            raise DirectoryUnavailable(f"{method}: {type(error).__name__}") from error
        return dict(answer.data) if isinstance(answer.data, dict) else {}
