"""The app as it is installed in a workspace: its tokens, scopes, channels and user groups.

Only for `dbaccess check`. Nothing is changed, but for `try_message`, which leaves nothing behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError

from bot.connection_failures import ConnectionFailure, failure_in
from bot.slack.client import (
    DIRECTORY_SECONDS,
    NO_ANSWER,
    SlackClient,
    code_of,
    variable_of,
    web_client,
)
from bot.slack.users.people_api import Groups, read_groups

_NO_MESSAGE = "1.000000"


class SlackFailure(Exception):
    """Slack refused a call, or did not answer it.

    `code` is Slack's error code; `unreachable` says why there was no answer, where there was none.
    """

    def __init__(self, code: str, unreachable: ConnectionFailure | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.unreachable = unreachable

    @property
    def is_from_elsewhere(self) -> bool:
        """Whether the answer has no code of Slack's: it is some proxy's page."""
        return self.code.startswith("status ")


@dataclass(frozen=True)
class Identity:
    """Who the bot is to Slack; `date` is the HTTP header: the time by Slack's clock.

    `scopes` is None where something on the way has removed that header.
    """

    user: str
    team: str
    scopes: frozenset[str] | None
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
        self._set_by = variable_of(base_url)
        self.client: SlackClient = web_client(token, base_url, timeout_seconds=DIRECTORY_SECONDS)

    def identity(self) -> Identity:
        """Return whose the bot's token is, and what it may do."""
        with self.failures():
            answer = self.client.auth_test()
        headers = {key.lower(): str(value) for key, value in answer.headers.items()}
        scopes = headers.get("x-oauth-scopes")
        return Identity(
            user=str(answer.get("user")),
            team=str(answer.get("team")),
            scopes=None if scopes is None else frozenset(map(str.strip, scopes.split(","))),
            date=headers.get("date"),
        )

    def try_app_token(self, app_token: str) -> None:
        """Ask for the address of a Socket Mode connection, which is not opened."""
        with self.failures():
            self.client.apps_connections_open(app_token=app_token)

    def channel(self, channel: str) -> Channel | None:
        """Return a channel; None if this token may not see it.

        That takes `channels:read` (`groups:read` for a private one), which the bot does not need
        otherwise.
        """
        try:
            with self.failures():
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
            with self.failures():
                self.client.chat_getPermalink(channel=channel, message_ts=_NO_MESSAGE)
        except SlackFailure as failure:
            if failure.code not in ("message_not_found", "channel_not_found"):
                raise
            return failure.code == "message_not_found"
        return True

    def try_message(self, channel: str, text: str) -> bool:
        """Post to a channel, and delete that again; return whether it could be deleted."""
        with self.failures():
            posted = self.client.chat_postMessage(channel=channel, text=text)
        try:
            with self.failures():
                self.client.chat_delete(channel=channel, ts=str(posted.get("ts")))
        except SlackFailure:
            return False
        return True

    def groups(self) -> Groups:
        """Return all user groups that are not disabled, with their members."""
        with self.failures():
            answer = self.client.usergroups_list(include_users=True, include_count=True)
        return read_groups(answer.data if isinstance(answer.data, dict) else {}) or {}

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Raise SlackFailure for every way in which the call inside can fail."""
        try:
            yield
        except SlackApiError as error:
            raise SlackFailure(code_of(error)) from error
        except NO_ANSWER as error:
            found = failure_in(error, self.client.base_url, set_by=self._set_by)
            raise SlackFailure(
                "unreachable", found or ConnectionFailure("the answer makes no sense")
            ) from error
