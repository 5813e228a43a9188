"""The Slack app, in Bolt's own words, but for four things that it does otherwise for a reason.

- **Signature.** Bolt checks it after the body was read and parsed. Here `RequestVerifier` checks it
  over the raw body, before anything is read (P8), so Bolt's own check is off.
- **Authorisation.** Bolt's asks Slack (`auth.test`) before it lets an interaction through. Nothing
  that acknowledges waits for Slack, so `authorize` says what is known: one workspace, one token.
- **`process_before_response`.** Bolt would answer at `ack()`, and let the listener go on. Here it
  answers when the listener has returned: by then a command is saved, or the person is told that it
  is not, and a bug is answered with an error. So a listener calls `ack()` first, as usual.
- **One reference for what is logged** while an interaction is answered; a middleware of Bolt's
  cannot go around a listener, so it is `dispatch` that binds it.
"""

import logging
from collections.abc import Callable, Mapping

import structlog
from slack_bolt import App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from structlog.contextvars import bound_contextvars

from bot.domain.sources import TrustedSource
from bot.log_context import new_reference
from bot.slack.inbound import listeners
from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.listeners.payload import was_read
from bot.slack.inbound.payloads import Unreadable, reading
from bot.slack.inbound.signature_verifier import RequestVerifier
from bot.slack.inbound.socket_mode import SocketMode
from bot.store.ip_links import IpLink

log = structlog.get_logger()


class SlackApp:
    """What Slack talks to: over HTTP, or over a connection that the bot opens (Socket Mode).

    `on_connection` is told whether that connection is open, each time that this changes.
    """

    def __init__(
        self,
        client: WebClient,
        controller: SlackController,
        verifier: RequestVerifier,
        on_connection: Callable[[bool], None] = lambda _is_open: None,
    ) -> None:
        self._client = client
        self._controller = controller
        self._verifier = verifier
        self._bolt = _build_bolt(client, controller)
        self._on_connection = on_connection
        self._socket: SocketMode | None = None

    def admits(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Tell whether Slack signed this very body just now (P8)."""
        return self._verifier.admits(body, headers)

    def fill_in(self, link: IpLink, source: TrustedSource) -> None:
        """Fill an address that was read into the form that it was read for."""
        self._controller.forms.fill_in(link, source)

    def dispatch(self, body: str, headers: Mapping[str, str], query: str) -> BoltResponse:
        """Answer one HTTP request that was admitted.

        Raises:
            Unreadable: not even Bolt, which reads before we do, can tell what it is.
        """
        with reading("a request"):
            return self._bolt.dispatch(BoltRequest(body=body, query=query, headers=dict(headers)))

    def connect(self, app_token: str) -> None:
        """Open the connection of Socket Mode, in the background: Slack may be away for now."""
        self._socket = SocketMode(self._bolt, app_token, self._client.base_url, self._on_connection)
        self._socket.start()

    def problem(self) -> str | None:
        """Return why nothing comes by Socket Mode, if that is so."""
        return self._socket.problem() if self._socket is not None else None

    def close(self) -> None:
        """Take nothing more in."""
        if self._socket is not None:
            self._socket.close()
        self._controller.close()


class _ReferencedApp(App):
    """What is logged while an interaction is answered has one reference."""

    def dispatch(self, req: BoltRequest) -> BoltResponse:
        """Answer one interaction, over HTTP or Socket Mode."""
        with bound_contextvars(reference=new_reference()):
            return super().dispatch(req)


def _build_bolt(client: WebClient, controller: SlackController) -> App:
    """Return the Bolt app with all its listeners; no call to Slack is made on the way."""

    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=client.token)

    app = _ReferencedApp(
        name="dbaccess",
        logger=logging.getLogger("slack_bolt"),
        client=WebClient(base_url=client.base_url, timeout=client.timeout),
        authorize=authorize,
        request_verification_enabled=False,
        process_before_response=True,
    )
    listeners.register(app, controller)

    @app.error
    def on_error(error: Exception, context: BoltContext) -> BoltResponse:
        if isinstance(error, Unreadable):  # signed, but not sane: nothing to do, nobody to tell
            log.warning("unreadable interaction", error=str(error))
            return BoltResponse(status=200, body="")
        if not was_read(context):  # Bolt could not even tell which listener it is for
            log.warning("unreadable request", error=repr(error))
            return BoltResponse(status=400, body="")
        log.error("listener failed", exc_info=error)
        return BoltResponse(status=500, body="")

    return app
