"""What Bolt is told where something goes wrong, by whose fault it is."""

import json
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from slack_sdk import WebClient
from structlog.testing import capture_logs

from bot.domain.commands import Command
from bot.slack.inbound.bolt_app import SlackApp
from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.payloads import Interaction
from bot.slack.inbound.signature_verifier import RequestVerifier

FORM = {"content-type": "application/x-www-form-urlencoded"}
PRESS: dict[str, Any] = {
    "type": "block_actions",
    "user": {"id": "U0RITA", "team_id": "T0HERE"},
    "team": {"id": "T0HERE"},
    "trigger_id": "1.2.abc",
    "actions": [{"type": "button", "action_id": "revoke", "block_id": "1", "value": "1@mark"}],
}


class FaultyController:
    """A controller with a fault of ours in it."""

    def defer(self, _command: Command, _asked: Interaction) -> None:
        raise RuntimeError("a fault of ours")


@pytest.fixture
def app() -> SlackApp:
    controller = cast("SlackController", FaultyController())
    return SlackApp(WebClient(token="xoxb-1"), controller, RequestVerifier(["secret"]))


def presses(app: SlackApp, **changed: Any) -> tuple[int, list[str]]:
    """Dispatch a press with some of it *changed*; return the status, and what is logged."""
    body = urlencode({"payload": json.dumps({**PRESS, **changed})})
    with capture_logs() as logs:
        answer = app.dispatch(body, FORM, "")
    return answer.status, [line["event"] for line in logs]


def test_a_fault_of_ours_is_an_error_though_it_was_acknowledged_first(app: SlackApp) -> None:
    assert presses(app) == (500, ["listener failed"])


def test_a_payload_that_does_not_say_what_it_must_is_taken_and_logged(app: SlackApp) -> None:
    assert presses(app, user={"id": {}}) == (200, ["unreadable interaction"])


def test_a_payload_that_bolt_itself_cannot_read_is_refused(app: SlackApp) -> None:
    assert presses(app, type="view_submission", view="x") == (400, ["unreadable request"])
