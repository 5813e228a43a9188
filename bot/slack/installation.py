"""The app as it is installed in a workspace: its tokens, scopes, channels and user groups.

Only for `dbaccess check`. Each method makes one call of Slack's API, and none changes anything.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError

from bot.slack.client import DIRECTORY_SECONDS, NO_ANSWER, SlackClient, code_of, web_client
from bot.slack.users.people_api import Groups, read_groups

_NO_MESSAGE = "1.000000"


class SlackFailure(Exception):
    """Slack refused a call, or did not answer it.

    `code` is Slack's error code; if there was no answer, the name of the exception.
    """

    def __init__(self, code: str, *, is_refusal: bool) -> None:
        super().__init__(code)
        self.code = code
        self.is_refusal = is_refusal


@dataclass(frozen=True)
class Identity:
    """Who the bot is to Slack; `date` is the HTTP header: the time by Slack's clock."""

    user: str
    team: str
    scopes: frozenset[str]
    date: str | None


@dataclass(frozen=True)
class Channel:
    """A channel, as Slack shows it to the bot."""

    name: str
    is_archived: bool
    is_member: bool


class Installation:
    """Asks Slack about one installation; every method may raise SlackFailure."""

    def __init__(self, token: str, base_url: str) -> None:
        self.client: SlackClient = web_client(token, base_url, timeout_seconds=DIRECTORY_SECONDS)

    def identity(self) -> Identity:
        """Return whose the bot's token is, and what it may do."""
        with _failures():
            answer = self.client.auth_test()
        headers = {key.lower(): str(value) for key, value in answer.headers.items()}
        scopes = headers.get("x-oauth-scopes", "").split(",")
        return Identity(
            user=str(answer.get("user")),
            team=str(answer.get("team")),
            scopes=frozenset(scope.strip() for scope in scopes),
            date=headers.get("date"),
        )

    def try_app_token(self, app_token: str) -> None:
        """Ask for the address of a Socket Mode connection, which is not opened."""
        with _failures():
            self.client.apps_connections_open(app_token=app_token)

    def channel(self, channel: str) -> Channel | None:
        """Return a channel; None if this token may not see it.

        That takes `channels:read` (`groups:read` for a private one), which the bot does not need
        otherwise.
        """
        try:
            with _failures():
                shown = self.client.conversations_info(channel=channel).get("channel")
        except SlackFailure as failure:
            if failure.code in ("missing_scope", "channel_not_found"):
                return None
            raise
        if not isinstance(shown, dict):
            return None
        return Channel(
            name=str(shown.get("name", "?")),
            is_archived=bool(shown.get("is_archived")),
            is_member=bool(shown.get("is_member")),
        )

    def has_channel(self, channel: str) -> bool:
        """Tell whether the bot can see a channel, whatever its scopes.

        `chat.getPermalink` needs no scope, and looks for the channel before it looks for the
        message.
        """
        try:
            with _failures():
                self.client.chat_getPermalink(channel=channel, message_ts=_NO_MESSAGE)
        except SlackFailure as failure:
            if failure.code not in ("message_not_found", "channel_not_found"):
                raise
            return failure.code == "message_not_found"
        return True

    def groups(self) -> Groups:
        """Return all user groups that are not disabled, with their members."""
        with _failures():
            answer = self.client.usergroups_list(include_users=True, include_count=True)
        return read_groups(answer.data if isinstance(answer.data, dict) else {}) or {}


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except SlackApiError as error:
        raise SlackFailure(code_of(error), is_refusal=True) from error
    except NO_ANSWER as error:
        raise SlackFailure(type(error).__name__, is_refusal=False) from error
