from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from dbaccess_playground.slack.controls import Json
from dbaccess_playground.slack.sandbox import SandboxSlack

CHANNEL = "C0APPROVALS"
ALICE = "U0ALICE"


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


PRESS = {
    "type": "actions",
    "elements": [{"type": "button", "text": plain("Press"), "action_id": "press"}],
}
FORM = {
    "type": "modal",
    "callback_id": "ask",
    "title": plain("Ask"),
    "submit": plain("Ask"),
    "blocks": [
        {
            "type": "input",
            "block_id": "source",
            "label": plain("Address"),
            "element": {"type": "plain_text_input", "action_id": "entered"},
        }
    ],
}


class Bot:
    """A bot that connects by Socket Mode; `seen` holds what it got."""

    def __init__(self, slack: SandboxSlack) -> None:
        self.seen: list[Json] = []
        client = WebClient(slack.bot_token, base_url=slack.api_url)
        app = App(client=client, signing_secret=slack.signing_secret)
        app.command("/dbaccess")(self._command)
        app.action("press")(self._pressed)
        app.view("ask")(self._submitted)
        app.event("app_home_opened")(self._heard)
        self.handler = SocketModeHandler(app, slack.app_token)

    def _command(self, ack: Any, command: Json) -> None:
        if command["text"] == "buttons":
            ack(text="press one", blocks=[PRESS])
        else:
            ack(f"you said {command['text']}")

    def _pressed(self, ack: Any, body: Json, client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=FORM)

    def _submitted(self, ack: Any) -> None:
        ack(response_action="errors", errors={"source": "not an address"})

    def _heard(self, body: Json) -> None:
        self.seen.append(body)


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    with SandboxSlack() as sandbox:
        sandbox.add_channel(CHANNEL, "approvals")
        sandbox.add_user(ALICE, "alice")
        yield sandbox


@pytest.fixture
def bot(slack: SandboxSlack) -> Iterator[Bot]:
    small = Bot(slack)
    small.handler.connect()  # type: ignore[no-untyped-call]
    slack.wait_until(lambda: slack.socket.connected)
    yield small
    small.handler.client.auto_reconnect_enabled = False
    slack.stop()
    small.handler.close()  # type: ignore[no-untyped-call]


def test_a_command_is_answered_over_the_socket(slack: SandboxSlack, bot: Bot) -> None:
    answer = slack.command(ALICE, "hello", channel_id=CHANNEL)

    assert (answer.status, answer.text) == (200, "you said hello")
    assert [one.text for one in slack.ephemerals(ALICE)] == ["you said hello"]
    assert slack.problems == []


def test_clicks_and_forms_go_over_the_socket(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "buttons", channel_id=CHANNEL)
    slack.click(ALICE, slack.ephemerals(ALICE)[-1], "Press")
    slack.wait_until(lambda: slack.modal(ALICE))

    assert slack.submit(ALICE, {"Address": "::1"}).errors == {"source": "not an address"}
    assert slack.modal(ALICE) is not None
    assert slack.problems == []


def test_events_go_over_the_socket(slack: SandboxSlack, bot: Bot) -> None:
    assert slack.open_home(ALICE).status == 200

    slack.wait_until(lambda: bot.seen)
    assert bot.seen[0]["event"]["user"] == ALICE


def test_an_envelope_nobody_acknowledges_is_written_down(slack: SandboxSlack) -> None:
    client = WebClient(slack.app_token, base_url=slack.api_url)
    slack.ack_seconds = 0.05
    with connect(client.apps_connections_open(app_token=slack.app_token)["url"]) as line:
        assert '"hello"' in str(line.recv())
        slack.wait_until(lambda: slack.socket.connected)
        answer = slack.command(ALICE, "hello", channel_id=CHANNEL)

    assert answer.error == "operation_timeout"
    assert slack.problems == ["/dbaccess hello: operation_timeout (status 0)"]


def test_a_bot_that_hangs_up_is_written_down_at_once(slack: SandboxSlack) -> None:
    client = WebClient(slack.app_token, base_url=slack.api_url)
    with connect(client.apps_connections_open(app_token=slack.app_token)["url"]) as line:
        line.recv()
        slack.wait_until(lambda: slack.socket.connected)
        with ThreadPoolExecutor(1) as elsewhere:
            answer = elsewhere.submit(slack.command, ALICE, "hello", channel_id=CHANNEL)
            line.recv()
            line.close()

    assert answer.result().error == "dispatch_failed"


def test_slack_may_ask_to_connect_again(slack: SandboxSlack) -> None:
    client = WebClient(slack.app_token, base_url=slack.api_url)
    with connect(client.apps_connections_open(app_token=slack.app_token)["url"]) as line:
        line.recv()
        slack.wait_until(lambda: slack.socket.connected)
        slack.socket.disconnect()

        assert '"disconnect"' in str(line.recv())
        slack.wait_until(lambda: not slack.socket.connected)


def test_an_address_is_good_for_one_connection(slack: SandboxSlack) -> None:
    client = WebClient(slack.app_token, base_url=slack.api_url)
    url = client.apps_connections_open(app_token=slack.app_token)["url"]
    with connect(url) as line:
        line.recv()
        with connect(url) as second, pytest.raises(ConnectionClosed):
            second.recv()


def test_the_bots_token_opens_no_socket(slack: SandboxSlack) -> None:
    client = WebClient(slack.bot_token, base_url=slack.api_url)

    answer = client.api_call("api.test")
    assert answer["ok"]
    with pytest.raises(Exception, match="not_allowed_token_type"):
        client.apps_connections_open(app_token=slack.bot_token)


def test_stopping_hangs_up(slack: SandboxSlack) -> None:
    client = WebClient(slack.app_token, base_url=slack.api_url)
    with connect(client.apps_connections_open(app_token=slack.app_token)["url"]) as line:
        line.recv()
        slack.stop()
        with pytest.raises(ConnectionClosed):
            line.recv()
    slack.start()
