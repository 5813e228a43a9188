"""A listener for commands by Socket Mode that does not carry them out: for `check --live`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.connection_failures import failure_in
from bot.slack.client import code_of, variable_of

_COMMAND = "slash_commands"


class CannotConnect(Exception):
    """Slack takes no connection with this app-level token."""


@contextmanager
def listening_for_commands(
    app_token: str, base_url: str, *, reply: str, on_command: Callable[[], None]
) -> Iterator[None]:
    """Answer each command with *reply*, seen by whoever typed it, while the block runs.

    Raises:
        CannotConnect: the connection cannot be opened.
    """
    client = SocketModeClient(app_token=app_token, web_client=WebClient(base_url=base_url))

    def on_request(client: BaseSocketModeClient, asked: SocketModeRequest) -> None:
        if asked.type != _COMMAND:
            return  # not acknowledged, so that Slack sends it again
        said = {"response_type": "ephemeral", "text": reply}
        client.send_socket_mode_response(SocketModeResponse(asked.envelope_id, said))
        on_command()

    client.socket_mode_request_listeners.append(on_request)
    try:
        try:
            client.connect()
        except SlackApiError as error:
            raise CannotConnect(f"Slack says {code_of(error)}") from error
        except (SlackClientError, OSError) as error:
            failure = failure_in(error, base_url, set_by=variable_of(base_url))
            raise CannotConnect(str(failure or "the connection broke off")) from error
        yield
    finally:
        client.close()
