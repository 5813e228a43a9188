"""Slack's API about people: accounts, user groups, and which workspace this is."""

from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack.client import NO_ANSWER, code_of
from bot.slack.errors import retry_after
from bot.slack.users.call_limits import GROUPS, CallLimits
from bot.slack.users.unavailable import DirectoryUnavailable

Groups = Mapping[str, frozenset[str] | None]
"""Who is in each user group that is not disabled; None where Slack did not say."""


class PeopleApi:
    """Asks Slack, unless it asked to wait. Thread-safe.

    Every method may raise `DirectoryUnavailable`.

    Args:
        client: makes the calls.
        clock_seconds: seconds that only grow.
    """

    def __init__(self, client: WebClient, clock_seconds: Callable[[], float]) -> None:
        self._client = client
        self._limits = CallLimits(clock_seconds)

    def user(self, user_id: str) -> dict[str, Any]:
        """Return an account (`users.info`)."""
        user = self._call("users.info", user=user_id).get("user")
        if not isinstance(user, dict) or user.get("id") != user_id:
            raise DirectoryUnavailable("users.info gave no user")
        return user

    def groups(self) -> Groups:
        """Return all user groups with their members, in one call."""
        groups = read_groups(self._call(GROUPS, include_users="true", include_count="true"))
        if groups is None:
            raise DirectoryUnavailable(f"{GROUPS} gave no groups")
        return groups

    def installation(self) -> tuple[str, str]:
        """Return the team and the enterprise that the bot is installed in; the latter or empty."""
        answer = self._call("auth.test")
        if not answer.get("team_id"):
            raise DirectoryUnavailable("auth.test named no team")
        return answer["team_id"], answer.get("enterprise_id") or ""

    def _call(self, method: str, **params: str) -> dict[str, Any]:
        self._limits.check(method)
        try:
            answer = self._client.api_call(method, params=params)
        except SlackApiError as error:
            raise self._limits.refused(method, code_of(error), retry_after(error)) from error
        except NO_ANSWER as error:
            raise DirectoryUnavailable(f"{method}: {type(error).__name__}") from error
        self._limits.answered(method)
        return dict(answer.data) if isinstance(answer.data, dict) else {}


def read_groups(answer: Mapping[str, Any]) -> Groups | None:
    """Return the user groups in an answer of `usergroups.list`, None where it is none.

    It has to be called with `include_users` and `include_count`. It leaves out what is disabled.
    """
    groups = answer.get("usergroups")
    if not isinstance(groups, list):
        return None
    return {
        str(group["id"]): _members(group)
        for group in groups
        if isinstance(group, dict) and "id" in group and not group.get("date_delete")
    }


def _members(group: Mapping[str, Any]) -> frozenset[str] | None:
    """Return who is in a group; Slack does not document whether an empty one has `users`."""
    users = group.get("users")
    if isinstance(users, list):
        return frozenset(users)
    is_empty = users is None and str(group.get("user_count")) == "0"
    return frozenset() if is_empty else None
