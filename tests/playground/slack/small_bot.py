"""A Slack with one channel and one person, and a bot with one of everything."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

from dbaccess_playground.server import LoopbackServer
from dbaccess_playground.slack.controls import Json
from dbaccess_playground.slack.conversations import Message
from dbaccess_playground.slack.sandbox import SandboxSlack

CHANNEL = "C0APPROVALS"
ALICE = "U0ALICE"


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str, **more: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(text: str, value: str = "7") -> Json:
    action_id = text.lower().replace(" ", "_")
    return {"type": "button", "text": plain(text), "action_id": action_id, "value": value}


def option(text: str) -> Json:
    return {"text": plain(text), "value": text.lower()}


def asking(label: str, block_id: str, element: Json, **more: Any) -> Json:
    element = {"action_id": "entered", **element}
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        **more,
    }


def form(callback_id: str = "ask", **more: Any) -> Json:
    clusters = {"type": "static_select", "options": [option("Orders"), option("Users")]}
    more_controls = [
        {"type": "overflow", "action_id": "more", "options": [option("Help")]},
        {"type": "users_select", "action_id": "colleague"},
    ]
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain("Ask for access"),
        "submit": plain("Ask"),
        "blocks": [
            asking("Cluster", "cluster", clusters),
            asking("Address", "source", {"type": "plain_text_input", "max_length": 20}),
            asking("Droplet", "droplet", {"type": "external_select"}, optional=True),
            {"type": "actions", "elements": more_controls},
        ],
        **more,
    }


class Bot:
    """A bot with one of everything; `seen` holds the payloads it got, newest last."""

    def __init__(self, slack: SandboxSlack) -> None:
        self.seen: list[Json] = []
        self.ack: Json = {}
        self.slow = threading.Event()
        client = WebClient(slack.bot_token, base_url=slack.api_url, timeout=30)
        app = App(client=client, signing_secret=slack.signing_secret)
        self.client = client
        app.command("/dbaccess")(self._command)
        for action_id in ("approve", "deny", "revoke", "more", "colleague"):
            app.action(action_id)(self._pressed)
        app.view("ask")(self._submitted)
        app.view_closed("ask")(self._heard)
        app.options("entered")(self._suggest)
        app.shortcut("ask_shortcut")(self._heard)
        app.event("app_home_opened")(self._heard)
        app.event("user_change")(self._heard)
        self.server = LoopbackServer(SlackRequestHandler(app, path="/slack/events"))

    def _command(self, ack: Any, command: Json, respond: Any, client: WebClient) -> None:
        self.seen.append(command)
        match command["text"]:
            case "form":
                ack()
                client.views_open(trigger_id=command["trigger_id"], view=form())
            case "form, tell me":
                ack()
                client.views_open(trigger_id=command["trigger_id"], view=form(notify_on_close=True))
            case "later":
                ack()
                respond(text="a second thought")
            case "all":
                ack(response_type="in_channel", text="everybody sees this")
            case "blocks":
                ack(
                    text="your grants", blocks=[{"type": "actions", "elements": [button("Revoke")]}]
                )
            case "bad":
                ack(text="your grants", blocks=[{"type": "section"}])
            case "slow":
                self.slow.wait(10)
                ack()
            case "crash":
                raise RuntimeError
            case text:
                ack(f"you said {text}")

    def _pressed(self, ack: Any, body: Json, respond: Any) -> None:
        self.seen.append(body)
        ack()
        if body["actions"][0]["action_id"] == "deny":
            respond(text="denied", replace_original=True)
        if body["actions"][0]["action_id"] == "revoke":
            respond(delete_original=True)

    def _submitted(self, ack: Any, body: Json) -> None:
        self.seen.append(body)
        ack(**self.ack)

    def _suggest(self, ack: Any, body: Json) -> None:
        self.seen.append(body)
        typed = body["value"].lower()
        ack(options=[one for one in (option("Web-1"), option("Db-1")) if typed in one["value"]])

    def _heard(self, ack: Any, body: Json) -> None:
        self.seen.append(body)
        ack()

    def ask_for_a_decision(self, slack: SandboxSlack, *buttons: Json) -> Message:
        """Post a request with these buttons, or Approve and Deny, and return it."""
        elements = list(buttons) or [button("Approve"), button("Deny")]
        block = {"type": "actions", "block_id": "decide", "elements": elements}
        self.client.chat_postMessage(channel=CHANNEL, text="a request", blocks=[block])
        return slack.messages(CHANNEL)[-1]


@contextmanager
def small_slack(clock: Callable[[], float] = time.time) -> Iterator[SandboxSlack]:
    with SandboxSlack(clock=clock) as slack:
        slack.add_channel(CHANNEL, "approvals")
        slack.add_user(ALICE, "alice")
        yield slack


@contextmanager
def small_bot(slack: SandboxSlack) -> Iterator[Bot]:
    bot = Bot(slack)
    with bot.server:
        slack.bot_url = bot.server.url
        yield bot
        bot.slow.set()
