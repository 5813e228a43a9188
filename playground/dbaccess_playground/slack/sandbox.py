"""The sandbox Slack: a workspace with a Web API, and people who use the bot."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from dbaccess_playground.faults import Faults
from dbaccess_playground.server import LoopbackServer
from dbaccess_playground.slack.conversations import Message
from dbaccess_playground.slack.dispatch import Answer, Dispatcher
from dbaccess_playground.slack.fixture import WorkspaceFixture
from dbaccess_playground.slack.payloads import VERIFICATION_TOKEN
from dbaccess_playground.slack.response_urls import ResponseUrls
from dbaccess_playground.slack.socket_mode import SocketModeServer
from dbaccess_playground.slack.user_actions import UserActions
from dbaccess_playground.slack.web_api.app import SlackApi
from dbaccess_playground.slack.web_api.directory import users_info
from dbaccess_playground.slack.workspace import Workspace

BOT_TOKEN = "xoxb-sandbox"
SIGNING_SECRET = "5ac1de5ac1de5ac1de5ac1de5ac1de00"  # 32 hexadecimal digits, as Slack issues
APP_TOKEN = "xapp-sandbox"

Json = dict[str, Any]


class SandboxSlack(WorkspaceFixture):
    """One workspace behind a real HTTP server on the loopback interface.

    Set `bot_url` (`http://127.0.0.1:PORT`) to reach the bot over HTTP; while it is None, Socket
    Mode is used. `problems` has everything that Slack would refuse or show wrongly: a healthy bot
    leaves it empty. `clock` returns Unix seconds, for timestamps and expiry; requests are signed
    with the real time. `expiry_clock`, if given, is for the expiry of trigger ids and response
    URLs alone: where `clock` runs fast, they are still valid for as long as in Slack. `app_scopes`
    are the scopes of the app-level token.
    """

    def __init__(
        self,
        *,
        bot_token: str = BOT_TOKEN,
        signing_secret: str = SIGNING_SECRET,
        app_token: str = APP_TOKEN,
        team_id: str = "T0SANDBOX",
        clock: Callable[[], float] = time.time,
        expiry_clock: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(Workspace(team_id, clock, expiry_clock))
        self.app_token = app_token
        self.app_scopes = {"connections:write"}
        self.faults = Faults()
        self._socket = SocketModeServer()
        self._dispatcher = Dispatcher(signing_secret, self._socket)
        response_urls = ResponseUrls(self._workspace)
        self._api = SlackApi(
            self._workspace,
            response_urls,
            bot_token=bot_token,
            app_token=app_token,
            app_scopes=self.app_scopes,
            faults=self.faults,
            open_socket=self._socket.open,
        )
        self._server = LoopbackServer(self._api.wsgi_app)
        self._user_actions = UserActions(
            self._workspace, self._dispatcher, response_urls, lambda: self.url
        )

    def start(self) -> None:
        """Serve the Web API; the first start picks a free port, later ones take the same."""
        self._server.start()

    def stop(self) -> None:
        """Release calls that hang, close all connections and stop serving."""
        self.faults.clear()
        self._socket.stop()
        self._server.stop()
        self._dispatcher.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def set_clock_ahead(self, seconds: float) -> None:
        """Set the Date header of each answer ahead by that much."""
        self._server.clock_ahead_seconds = seconds

    @property
    def url(self) -> str:
        """The root of the server, without a slash at the end."""
        return self._server.url

    @property
    def api_url(self) -> str:
        """The value for SLACK_API_URL."""
        return f"{self.url}/api/"

    @property
    def signing_secret(self) -> str:
        """The secret that signs requests; set another one to regenerate it."""
        return self._dispatcher.signing_secret

    @signing_secret.setter
    def signing_secret(self, secret: str) -> None:
        self._dispatcher.signing_secret = secret

    @property
    def bot_token(self) -> str:
        """The bot's token; set another one to revoke it and install the app again."""
        return self._api.bot_token

    @bot_token.setter
    def bot_token(self, token: str) -> None:
        self._api.bot_token = token

    @property
    def app_tokens(self) -> set[str]:
        """The app-level tokens that are accepted; an app may have several."""
        return self._api.app_tokens

    @property
    def bot_url(self) -> str | None:
        """The root of the bot; None for Socket Mode."""
        return self._dispatcher.bot_url

    @bot_url.setter
    def bot_url(self, url: str | None) -> None:
        self._dispatcher.bot_url = url.rstrip("/") if url else None

    @property
    def ack_seconds(self) -> float:
        """How long an acknowledgement may take; 3 s, as in Slack, unless set."""
        return self._dispatcher.ack_seconds

    @ack_seconds.setter
    def ack_seconds(self, seconds: float) -> None:
        self._dispatcher.ack_seconds = seconds

    @property
    def socket(self) -> SocketModeServer:
        """Slack's end of Socket Mode: `socket.connected`, `socket.disconnect()`."""
        return self._socket

    def account(self, user_id: str) -> Json:
        """Return the `user` object of users.info; SlackError for an unknown person."""
        user: Json = users_info(self._workspace, {"user": user_id})["user"]
        return user

    def deactivate_user(self, user_id: str, *, tell_bot: bool = True) -> None:
        """Deactivate a member's account; a bot that can be reached gets `user_change`."""
        with self._workspace.lock:
            person = self._workspace.people.deactivate(user_id)
            self._workspace.notify("person", person)
            event_ts = self._workspace.next_ts()
        if tell_bot and (self.bot_url or self._socket.connected):
            user = person.as_slack(self.team_id)
            self.event({"type": "user_change", "user": user, "event_ts": event_ts})

    def command(
        self, user_id: str, text: str, *, channel_id: str, command: str = "/dbaccess"
    ) -> Answer:
        """Let that person type a slash command; SlackError for an unknown person or channel."""
        return self._user_actions.command(user_id, text, channel_id, command)

    def click(
        self, user_id: str, message: Message | Json, button: str, *, value: str | None = None
    ) -> Answer:
        """Let that person press a button of a message, a modal or a Home tab.

        `button` is its visible text or action_id, or an overflow option's text. `value`
        distinguishes buttons with the same text, and names the option chosen in a menu. `message`
        may be outdated, as on a screen that lags behind. LookupError, with a list of the
        controls, if none or more than one matches.
        """
        if isinstance(message, Message):
            return self._user_actions.press_in_message(user_id, message, button, value)
        return self._user_actions.press_in_view(user_id, message["id"], button, value)

    def fill_in(self, user_id: str, values: Mapping[str, Any]) -> None:
        """Let that person fill in the modal they see without submitting it; see `submit`."""
        self._user_actions.fill_in(user_id, values)

    def submit(self, user_id: str, values: Mapping[str, Any] | None = None) -> Answer:
        """Let that person fill in the modal they see and submit it.

        Fields are named by label, block_id or action_id, options by text or value. If the answer
        has `errors`, the modal stays open. LookupError for an unknown field or option, ValueError
        where Slack itself would not submit the form.
        """
        return self._user_actions.submit(user_id, values or {})

    def close_modal(self, user_id: str) -> Answer | None:
        """Let that person close the modal; None if the bot is not notified of it."""
        return self._user_actions.close_modal(user_id)

    def suggest(self, user_id: str, field: str, typed: str = "") -> list[Json]:
        """Let that person type into an external select; return the bot's options."""
        return self._user_actions.suggest(user_id, field, typed)

    def shortcut(self, user_id: str, callback_id: str) -> Answer:
        """Let that person choose a global shortcut."""
        return self._user_actions.shortcut(user_id, callback_id)

    def open_home(self, user_id: str) -> Answer:
        """Let that person open the bot's Home tab."""
        return self._user_actions.open_home(user_id)

    def event(self, event: Mapping[str, Any]) -> Answer:
        """Send the bot an event of the Events API."""
        return self._user_actions.event(event)

    def url_verification(self) -> Answer:
        """Send `url_verification`, as Slack does when a request URL is entered."""
        challenge = {"type": "url_verification", "challenge": "prove-it"}
        body = json.dumps({**challenge, "token": VERIFICATION_TOKEN}).encode()
        return self.send_raw(body, {"Content-Type": "application/json", **self.signed(body)})

    def signed(self, body: bytes, at: float | None = None) -> dict[str, str]:
        """Return the two headers that sign `body`; `at` is in Unix seconds (default: now)."""
        return self._dispatcher.signed(body, at)

    def send_raw(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST anything at all to the bot's `/slack/events`."""
        return self._dispatcher.send_raw(body, headers)

    def replay(self, times: int = 1, *, at_once: bool = False) -> list[Answer]:
        """Send the last signed request again, byte for byte, one by one or all at once."""
        return self._dispatcher.replay(times, at_once=at_once)
