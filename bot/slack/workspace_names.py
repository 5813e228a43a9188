"""What is called what in a workspace, for `dbaccess init`: people, user groups, channels.

The running bot knows IDs alone. The scopes of the manifest are enough for all of this, see
docs/decisions/0014-names-without-more-scopes.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.slack.installation import Installation, SlackFailure
from bot.slack.users.people_api import read_groups

_PER_PAGE = 500  # below 1000, says Slack; smaller pages would meet the limit of 20 calls a minute
_MOST_PAGES = 200
_RETRIES = 5
_EVERYBODYS_BOT = "USLACKBOT"  # Slack's own, which does not say that it is one
_NOT_ALLOWED = frozenset({"missing_scope", "plan_upgrade_required", "paid_teams_only"})


@dataclass(frozen=True)
class Member:
    """Somebody with an account. `name` is unique, `display_name` (may be empty) is what people see.

    `email` is empty unless the app has the scope `users:read.email`.
    """

    id: str
    name: str
    display_name: str
    real_name: str
    email: str
    is_guest: bool


@dataclass(frozen=True)
class UserGroup:
    """A user group that is not disabled: its `@handle`, its title, how many are in it, and who.

    `members` is None where Slack does not say.
    """

    id: str
    handle: str
    title: str
    size: int
    members: frozenset[str] | None


@dataclass(frozen=True)
class NamedChannel:
    """A channel; the name is without `#`, and empty if it is not known."""

    id: str
    name: str


class WorkspaceNames:
    """Asks Slack, and waits where it asks to. Every method may raise SlackFailure."""

    def __init__(self, token: str, base_url: str) -> None:
        self._slack = Installation(token, base_url)
        self._client = self._slack.client
        self._client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=_RETRIES))

    def members(self) -> list[Member]:
        """Return everybody who may be named in a policy: no bots, nobody who has left."""
        return [
            _member(one)
            for one in self._pages("users.list", "members")
            if not one.get("deleted") and not one.get("is_bot") and one["id"] != _EVERYBODYS_BOT
        ]

    def groups(self) -> list[UserGroup]:
        """Return all user groups that are not disabled; none where the plan has none."""
        try:
            with self._slack.failures():
                answer = self._client.usergroups_list(include_count=True, include_users=True)
        except SlackFailure as failure:
            if failure.code in _NOT_ALLOWED:
                return []
            raise
        listed: list[Mapping[str, Any]] = answer.get("usergroups") or []
        members = read_groups(answer.data if isinstance(answer.data, dict) else {}) or {}
        return [
            _group(one, members.get(str(one["id"]))) for one in listed if not one.get("date_delete")
        ]

    def channels(self) -> list[NamedChannel] | None:
        """Return the public channels; None without `channels:read`, which the bot does not need."""
        try:
            listed = list(self._pages("conversations.list", "channels", exclude_archived="true"))
        except SlackFailure as failure:
            if failure.code == "missing_scope":
                return None
            raise
        return [NamedChannel(str(one["id"]), str(one.get("name") or "")) for one in listed]

    def post_to(self, name: str, text: str) -> NamedChannel:
        """Post *text* to the channel of that name, and return it with the ID that Slack answers.

        `chat.postMessage` takes "an encoded ID or channel name" (Slack's reference). It is the
        one call that finds a channel by its name without `channels:read`.
        """
        with self._slack.failures():
            answer = self._client.chat_postMessage(channel=f"#{name}", text=text)
        return NamedChannel(str(answer["channel"]), name)

    def _pages(self, method: str, key: str, **more: str) -> Iterator[Mapping[str, Any]]:
        cursor = ""
        for _ in range(_MOST_PAGES):
            asked = {"limit": str(_PER_PAGE), **more, **({"cursor": cursor} if cursor else {})}
            with self._slack.failures():
                answer = self._client.api_call(method, params=asked)
            yield from (one for one in answer.get(key) or [] if isinstance(one, dict))
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return


def _member(user: Mapping[str, Any]) -> Member:
    profile = user.get("profile") or {}
    return Member(
        id=str(user["id"]),
        name=str(user.get("name") or ""),
        display_name=str(profile.get("display_name") or ""),
        real_name=str(profile.get("real_name") or user.get("real_name") or ""),
        email=str(profile.get("email") or ""),
        is_guest=bool(user.get("is_restricted")),
    )


def _group(group: Mapping[str, Any], members: frozenset[str] | None) -> UserGroup:
    count = str(group.get("user_count") or 0)
    return UserGroup(
        id=str(group["id"]),
        handle=str(group.get("handle") or ""),
        title=str(group.get("name") or ""),
        size=int(count) if count.isdecimal() else 0,
        members=members,
    )
