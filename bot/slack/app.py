"""The Bolt app: put together from its parts, with no call to Slack on the way."""

import logging

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.slack.counter import Counter
from bot.slack.handlers import register


def build_bolt(client: WebClient, counter: Counter) -> App:
    """Return the app with all its listeners.

    Bolt's own single-team authorisation asks Slack before it lets a request through, and its own
    signature check comes after the body was read. Here the door checks signatures, and nothing
    that acknowledges waits for Slack. A listener runs to its end before the answer goes out.
    """

    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=client.token)

    app = App(
        name="dbaccess",
        logger=logging.getLogger("slack_bolt"),
        client=client,
        authorize=authorize,
        request_verification_enabled=False,
        process_before_response=True,
    )
    register(app, counter)
    return app


def dispatch(app: App, body: str, headers: dict[str, str], query: str) -> BoltResponse:
    """Hand one HTTP request, admitted by the door, to the app."""
    return app.dispatch(BoltRequest(body=body, query=query, headers=dict(headers)))


def socket_mode(app: App, app_token: str, client: WebClient) -> SocketModeHandler:
    """Return the connection by which Slack reaches the bot without an address of its own."""
    return SocketModeHandler(app, app_token, web_client=WebClient(base_url=client.base_url))
