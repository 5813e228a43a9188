"""A Slack to play with: a workspace with a Web API, and people who use the bot."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from dbaccess_playground.faults import Faults
from dbaccess_playground.server import LoopbackServer
from dbaccess_playground.slack.conversations import Message
from dbaccess_playground.slack.dispatch import Answer, Door
from dbaccess_playground.slack.fixture import Scene
from dbaccess_playground.slack.payloads import VERIFICATION_TOKEN
from dbaccess_playground.slack.response_urls import ResponseUrls
from dbaccess_playground.slack.socket_mode import SlackSocket
from dbaccess_playground.slack.user_actions import Acting
from dbaccess_playground.slack.web_api.app import SlackApi
from dbaccess_playground.slack.workspace import Workspace

BOT_TOKEN = "xoxb-sandbox"
SIGNING_SECRET = "sandbox-signing-secret"
APP_TOKEN = "xapp-sandbox"

Json = dict[str, Any]


class SandboxSlack(Scene):
    """One workspace behind a real HTTP server on the loopback interface.

    Set `bot_url` (`http://127.0.0.1:PORT`) to reach the bot over HTTP; while it is None, what
    people do goes over Socket Mode. `problems` collects all that Slack would refuse, would show
    wrongly or would answer to nobody: a healthy bot leaves it empty. `clock` gives Unix seconds
    and decides about timestamps and expiry; requests are signed with the real time. With an
    `expiry_clock`, that one decides when trigger ids and response URLs expire: where `clock` runs
    fast, people and the bot still have as long as they have in Slack. `app_scopes` is what the
    app-level token may do.
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
        self.bot_token = bot_token
        self.signing_secret = signing_secret
        self.app_token = app_token
        self.app_scopes = {"connections:write"}
        self.faults = Faults()
        self._socket = SlackSocket()
        self._door = Door(signing_secret, self._socket)
        response_urls = ResponseUrls(self._workspace)
        api = SlackApi(
            self._workspace,
            response_urls,
            bot_token=bot_token,
            app_token=app_token,
            app_scopes=self.app_scopes,
            faults=self.faults,
            open_socket=self._socket.open,
        )
        self._server = LoopbackServer(api.wsgi_app)
        self._acting = Acting(self._workspace, self._door, response_urls, lambda: self.url)

    def start(self) -> None:
        """Serve the Web API; the first start picks a free port, later ones take it again."""
        self._server.start()

    def stop(self) -> None:
        """Release calls that hang, hang up and stop serving."""
        self.faults.clear()
        self._socket.stop()
        self._server.stop()
        self._door.close()

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
        """Let the Date header of each answer be that far off."""
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
    def bot_url(self) -> str | None:
        """The root of the bot; None for Socket Mode."""
        return self._door.bot_url

    @bot_url.setter
    def bot_url(self, url: str | None) -> None:
        self._door.bot_url = url.rstrip("/") if url else None

    @property
    def ack_seconds(self) -> float:
        """How long an acknowledgement may take: 3 s, as Slack has it, unless it is set."""
        return self._door.ack_seconds

    @ack_seconds.setter
    def ack_seconds(self, seconds: float) -> None:
        self._door.ack_seconds = seconds

    @property
    def socket(self) -> SlackSocket:
        """Slack's end of Socket Mode: `socket.connected`, `socket.disconnect()`."""
        return self._socket

    def deactivate_user(self, user_id: str, *, tell_bot: bool = True) -> None:
        """Deactivate a member's account; the bot hears of it (`user_change`) if it can be told."""
        with self._workspace.lock:
            person = self._workspace.people.deactivate(user_id)
            self._workspace.tell("person", person)
            event_ts = self._workspace.next_ts()
        if tell_bot and (self.bot_url or self._socket.connected):
            user = person.as_slack(self.team_id)
            self.event({"type": "user_change", "user": user, "event_ts": event_ts})

    def command(
        self, user_id: str, text: str, *, channel_id: str, command: str = "/dbaccess"
    ) -> Answer:
        """Let that person type a slash command; SlackError for an unknown person or channel."""
        return self._acting.command(user_id, text, channel_id, command)

    def click(
        self, user_id: str, message: Message | Json, button: str, *, value: str | None = None
    ) -> Answer:
        """Let that person press a button of a message, a modal or a Home tab.

        `button` is its visible text or action_id, or an overflow option's text; `value` tells
        apart buttons that read the same, and names what is chosen in a menu. A message is taken
        as it stood in this snapshot, as by somebody whose screen lags behind. LookupError, with
        what there is to press, if not just one thing fits.
        """
        if isinstance(message, Message):
            return self._acting.press_in_message(user_id, message, button, value)
        return self._acting.press_in_view(user_id, message["id"], button, value)

    def fill_in(self, user_id: str, values: Mapping[str, Any]) -> None:
        """Let that person fill in the modal they see, and leave it at that; see `submit`."""
        self._acting.fill_in(user_id, values)

    def submit(self, user_id: str, values: Mapping[str, Any] | None = None) -> Answer:
        """Let that person fill in the modal they see and send it off.

        Fields are named by label, block_id or action_id, options by text or value. `errors` of
        the answer says what the bot refused; the modal then stays open. LookupError for what is
        not there, ValueError where Slack itself would not let them submit.
        """
        return self._acting.submit(user_id, values or {})

    def close_modal(self, user_id: str) -> Answer | None:
        """Let that person close the modal; None where the bot did not want to hear of it."""
        return self._acting.close_modal(user_id)

    def suggest(self, user_id: str, field: str, typed: str = "") -> list[Json]:
        """Let that person type into an external select; returns the options the bot offers."""
        return self._acting.suggest(user_id, field, typed)

    def shortcut(self, user_id: str, callback_id: str) -> Answer:
        """Let that person choose a global shortcut."""
        return self._acting.shortcut(user_id, callback_id)

    def open_home(self, user_id: str) -> Answer:
        """Let that person open the bot's Home tab."""
        return self._acting.open_home(user_id)

    def event(self, event: Mapping[str, Any]) -> Answer:
        """Let the bot hear of any event of the Events API."""
        return self._acting.event(event)

    def url_verification(self) -> Answer:
        """Ask the bot to prove that it owns its URL, as Slack does when one is entered."""
        challenge = {"type": "url_verification", "challenge": "prove-it"}
        body = json.dumps({**challenge, "token": VERIFICATION_TOKEN}).encode()
        return self.send_raw(body, {"Content-Type": "application/json", **self.signed(body)})

    def signed(self, body: bytes, at: float | None = None) -> dict[str, str]:
        """The two headers that prove who sent `body`, at a time in Unix seconds or now."""
        return self._door.signed(body, at)

    def send_raw(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST anything at all to the bot's `/slack/events`."""
        return self._door.send_raw(body, headers)

    def replay(self, times: int = 1, *, at_once: bool = False) -> list[Answer]:
        """Send the last signed request again, byte for byte, one by one or all at once."""
        return self._door.replay(times, at_once=at_once)
