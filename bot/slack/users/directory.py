"""The directory: who somebody is to the workspace, and which user groups they are in.

Read from `auth.test`, `users.info` and `usergroups.users.list`, and remembered for at most a
minute. What cannot be read is not guessed.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.domain.people import Person, Standing
from bot.domain.refusal import Refused
from bot.domain.refusals.rights import CannotTellOfOthers
from bot.slack.client import NO_ANSWER

_REMEMBERED_SECONDS = 60.0
_NO_SUCH_GROUP = "no_such_subteam"
NO_SUCH_USER = "user_not_found"
UNKNOWN_USER = frozenset({NO_SUCH_USER, "user_not_visible"})


class DirectoryUnavailable(Exception):
    """Slack did not say what was asked, so nobody's right can be established.

    `code` is Slack's own word for it, where it had one.
    """

    def __init__(self, why: str, code: str = "") -> None:
        super().__init__(why)
        self.code = code


def cannot_tell_of_others() -> Refused:
    """Return the answer where the rights of others whom it concerns cannot be established (P4)."""
    return Refused(CannotTellOfOthers())


class Directory:
    """Answers from memory where that is fresh, else from Slack. Thread-safe."""

    def __init__(
        self,
        client: WebClient,
        *,
        clock_seconds: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._clock_seconds = clock_seconds
        self._now = now
        self._remembered: dict[str, tuple[float, Any]] = {}
        self._asked_at: dict[str, datetime] = {}
        self._installation: tuple[str, str] | None = None
        self._lock = threading.Lock()

    def known(self, user_id: str, team_id: str, groups: Iterable[str]) -> Person | None:
        """Return who somebody is if that is remembered freshly; None if Slack must be asked."""
        return self._remembered_person(user_id, team_id, groups, self._recall)

    def last_known(self, user_id: str, team_id: str, groups: Iterable[str]) -> Person | None:
        """Return who somebody was when Slack last said so, which gives them no right by now."""
        return self._remembered_person(user_id, team_id, groups, self._recall_old)

    def concerned(self, user_id: str, groups: Iterable[str], *, since: datetime) -> Person:
        """Return who somebody is whom another's doing concerns; what was read before is not used.

        Somebody of whom Slack says clearly that it does not know them has no standing.

        Args:
            user_id: the Slack user.
            groups: the user groups in question.
            since: what was read after that is fresh enough (aware UTC).

        Raises:
            DirectoryUnavailable: Slack cannot be asked, or gives no clear answer.
        """
        groups = frozenset(groups)
        self._forget([f"user:{user_id}", *(f"group:{group}" for group in groups)], before=since)
        try:
            return self.person(user_id, "", groups)
        except DirectoryUnavailable as error:
            if error.code not in UNKNOWN_USER:
                raise
            return Person(user_id, asked=groups)

    def person(self, user_id: str, team_id: str, groups: Iterable[str]) -> Person:
        """Return who somebody is and which of *groups* they are in.

        Args:
            user_id: the Slack user.
            team_id: the team that the interaction came from; empty where it named none.
            groups: the user groups in question.

        Raises:
            DirectoryUnavailable: Slack cannot be asked, or gives no clear answer.
        """
        groups = frozenset(groups)
        standing = self._standing(self._user(user_id), team_id)
        belongs_to = frozenset(group for group in groups if user_id in self._members(group))
        return Person(user_id, standing, belongs_to, asked=groups)

    def outdate(self, user_id: str) -> None:
        """Have Slack asked anew what somebody is: their account has changed."""
        key = f"user:{user_id}"
        with self._lock:
            if key in self._remembered:
                self._remembered[key] = (0.0, self._remembered[key][1])

    def has_left(self, user_id: str) -> bool:
        """Tell whether somebody's account was deactivated, by a clear word of Slack's, said now.

        Raises:
            DirectoryUnavailable: Slack cannot be asked, or gives no clear answer.
        """
        self._forget([f"user:{user_id}"], before=self._now())
        return self._user(user_id).get("deleted") is True

    def name(self, user_id: str) -> str:
        """Return what somebody is called: the name that they chose to be shown, else their own.

        Raises:
            DirectoryUnavailable: Slack cannot be asked, or gives no clear answer.
        """
        user = self._user(user_id)
        profile = user.get("profile") or {}
        names = (profile.get("display_name"), user.get("real_name"), user.get("name"))
        return next((str(name) for name in names if name), user_id)

    def _remembered_person(
        self,
        user_id: str,
        team_id: str,
        groups: Iterable[str],
        recall: Callable[[str], Any],
    ) -> Person | None:
        user, members = recall(f"user:{user_id}"), {g: recall(f"group:{g}") for g in groups}
        if self._installation is None or not _is_of(user_id, user):
            return None
        if not all(isinstance(users, list) for users in members.values()):
            return None
        belongs_to = frozenset(group for group, users in members.items() if user_id in users)
        standing = self._standing(user, team_id)
        return Person(user_id, standing, belongs_to, asked=frozenset(members))

    def _user(self, user_id: str) -> dict[str, Any]:
        user: dict[str, Any] = self._ask(f"user:{user_id}", "users.info", "user", user=user_id)
        if not _is_of(user_id, user):
            raise DirectoryUnavailable("users.info gave no user")
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
        """Compare the person's team and the interaction's with those of the installation."""
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

    def _members(self, group: str) -> frozenset[str]:
        try:
            users = self._ask(f"group:{group}", "usergroups.users.list", "users", usergroup=group)
        except DirectoryUnavailable as error:
            if error.code != _NO_SUCH_GROUP:
                raise
            self._remember(
                f"group:{group}", [], self._now()
            )  # it has no members; other groups may do
            return frozenset()
        if not isinstance(users, list):
            raise DirectoryUnavailable("usergroups.users.list gave no users")
        return frozenset(users)

    def _ask(self, key: str, method: str, field: str, **params: str) -> Any:
        remembered = self._recall(key)
        if remembered is not None:
            return remembered
        asked_at = self._now()
        fact = self._call(method, **params).get(field)
        self._remember(key, fact, asked_at)
        return fact

    def _remember(self, key: str, fact: Any, asked_at: datetime) -> None:
        with self._lock:
            self._asked_at[key] = asked_at
            self._remembered[key] = (self._clock_seconds() + _REMEMBERED_SECONDS, fact)

    def _recall_old(self, key: str) -> Any:
        with self._lock:
            return self._remembered.get(key, (0.0, None))[1]

    def _recall(self, key: str) -> Any:
        with self._lock:
            until, fact = self._remembered.get(key, (0.0, None))
            return fact if self._clock_seconds() < until else None

    def _forget(self, keys: Iterable[str], *, before: datetime) -> None:
        with self._lock:
            for key in keys:
                asked_at = self._asked_at.get(key)
                if asked_at is None or asked_at <= before:
                    self._remembered.pop(key, None)

    def _call(self, method: str, **params: str) -> dict[str, Any]:
        try:
            answer = self._client.api_call(method, params=params)
        except SlackApiError as error:
            code = str(error.response.get("error") or "")
            raise DirectoryUnavailable(f"{method}: {code}", code) from error
        except NO_ANSWER as error:
            raise DirectoryUnavailable(f"{method}: {type(error).__name__}") from error
        return dict(answer.data) if isinstance(answer.data, dict) else {}


def _is_of(user_id: str, user: Any) -> bool:
    return isinstance(user, dict) and user.get("id") == user_id
