import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox.faults import Fault
from bot.sandbox.server import LoopbackServer
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.slack_controls import Json

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
        client = WebClient(slack.bot_token, base_url=slack.api_url, timeout=5)
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


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    with SandboxSlack() as sandbox:
        sandbox.add_channel(CHANNEL, "approvals")
        sandbox.add_user(ALICE, "alice")
        yield sandbox


@pytest.fixture
def bot(slack: SandboxSlack) -> Iterator[Bot]:
    small = Bot(slack)
    with small.server:
        slack.bot_url = small.server.url
        yield small
        small.slow.set()


@pytest.fixture
def at_end_no_problems(slack: SandboxSlack, bot: Bot) -> Iterator[None]:
    yield
    assert slack.problems == []


healthy = pytest.mark.usefixtures("at_end_no_problems")


def approval(slack: SandboxSlack, bot: Bot, *buttons: Json) -> Any:
    elements = list(buttons) or [button("Approve"), button("Deny")]
    block = {"type": "actions", "block_id": "decide", "elements": elements}
    bot.client.chat_postMessage(channel=CHANNEL, text="a request", blocks=[block])
    return slack.messages(CHANNEL)[-1]


@healthy
def test_a_command_is_answered_in_its_acknowledgement(slack: SandboxSlack, bot: Bot) -> None:
    answer = slack.command(ALICE, "hello", channel_id=CHANNEL)

    assert (answer.status, answer.text, answer.error) == (200, "you said hello", None)
    assert [one.text for one in slack.ephemerals(ALICE)] == ["you said hello"]
    asked = bot.seen[-1]
    assert (asked["user_name"], asked["channel_name"], asked["team_id"]) == (
        "alice",
        "approvals",
        "T0SANDBOX",
    )


@healthy
def test_an_acknowledgement_may_speak_to_all(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "all", channel_id=CHANNEL)

    assert [one.text for one in slack.messages(CHANNEL)] == ["everybody sees this"]
    assert slack.ephemerals(ALICE) == []


@healthy
def test_a_button_of_an_acknowledgement_can_be_pressed(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "blocks", channel_id=CHANNEL)
    slack.click(ALICE, slack.ephemerals(ALICE)[-1], "Revoke")

    assert bot.seen[-1]["container"]["is_ephemeral"]
    assert "message" not in bot.seen[-1]
    slack.wait_until(lambda: slack.ephemerals(ALICE) == [])


@healthy
def test_a_click_brings_what_slack_brings(slack: SandboxSlack, bot: Bot) -> None:
    message = approval(slack, bot)
    slack.add_user("U0ALIEN", "alien", team_id="T0OTHER")
    answer = slack.click("U0ALIEN", message, "Approve")

    got = bot.seen[-1]
    assert answer.status == 200
    assert got["user"] == {
        "id": "U0ALIEN", "username": "alien", "name": "alien", "team_id": "T0OTHER",
    }  # fmt: skip
    assert got["team"]["id"] == "T0SANDBOX"
    assert got["container"] == {
        "type": "message", "message_ts": message.ts, "channel_id": CHANNEL, "is_ephemeral": False,
    }  # fmt: skip
    (action,) = got["actions"]
    assert (action["action_id"], action["block_id"], action["value"]) == ("approve", "decide", "7")
    assert got["message"]["text"] == "a request"


@healthy
def test_the_original_can_be_replaced_by_its_response_url(slack: SandboxSlack, bot: Bot) -> None:
    message = approval(slack, bot)
    slack.click(ALICE, message, "deny")

    slack.wait_until(lambda: slack.message(CHANNEL, message.ts).text == "denied")


@healthy
def test_a_missing_button_is_told_with_those_there_are(slack: SandboxSlack, bot: Bot) -> None:
    message = approval(slack, bot)

    with pytest.raises(LookupError, match=r"nothing here called 'Extend'.*Approve.*Deny"):
        slack.click(ALICE, message, "Extend")


@healthy
def test_buttons_that_read_the_same_are_told_apart_by_value(slack: SandboxSlack, bot: Bot) -> None:
    several = [{**button("Approve", str(one)), "action_id": f"a{one}"} for one in range(2)]
    message = approval(slack, bot, *several)

    with pytest.raises(LookupError, match="2 things"):
        slack.click(ALICE, message, "Approve")


@healthy
def test_a_form_is_filled_in_by_label_and_option_text(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))
    answer = slack.submit(ALICE, {"Cluster": "Users", "source": "203.0.113.4", "Droplet": "Web-1"})

    values = bot.seen[-1]["view"]["state"]["values"]
    assert answer.errors == {}
    assert values["cluster"]["entered"]["selected_option"]["value"] == "users"
    assert values["source"]["entered"] == {"type": "plain_text_input", "value": "203.0.113.4"}
    assert values["droplet"]["entered"]["selected_option"]["text"]["text"] == "Web-1"
    assert slack.modal(ALICE) is None


@healthy
def test_a_refused_form_stays_open_with_what_was_entered(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))
    bot.ack = {"response_action": "errors", "errors": {"source": "not an address"}}
    answer = slack.submit(ALICE, {"Cluster": "Users", "Address": "::1"})
    assert answer.errors == {"source": "not an address"}

    bot.ack = {"response_action": "clear"}
    slack.submit(ALICE, {"Address": "203.0.113.4"})
    values = bot.seen[-1]["view"]["state"]["values"]
    assert values["cluster"]["entered"]["selected_option"]["value"] == "users"
    assert slack.modal(ALICE) is None


@healthy
def test_a_form_can_be_answered_with_another(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))
    first = {"Cluster": "Users", "Address": "203.0.113.4"}
    bot.ack = {"response_action": "update", "view": form(private_metadata="2")}
    slack.submit(ALICE, first)
    updated = slack.modal(ALICE)
    bot.ack = {"response_action": "push", "view": form(private_metadata="3")}
    slack.submit(ALICE)
    pushed = slack.modal(ALICE)
    slack.close_modal(ALICE)

    assert updated is not None
    assert pushed is not None
    assert [updated["private_metadata"], pushed["private_metadata"]] == ["2", "3"]
    assert pushed["previous_view_id"] == updated["id"]
    assert slack.modal(ALICE) == updated


@healthy
def test_slack_itself_holds_back_an_incomplete_form(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))

    with pytest.raises(ValueError, match="'Cluster' is required; 'Address' takes 0 to 20"):
        slack.submit(ALICE, {"Address": "x" * 21})
    with pytest.raises(LookupError, match="no option 'Billing'"):
        slack.submit(ALICE, {"Cluster": "Billing"})
    with pytest.raises(LookupError, match="0 fields called 'Reason'"):
        slack.submit(ALICE, {"Reason": "because"})
    with pytest.raises(LookupError, match="no modal open"):
        slack.submit("U0BOB", {})


@healthy
def test_menus_in_a_form_are_chosen_from_at_once(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    view = slack.wait_until(lambda: slack.modal(ALICE))
    assert view is not None

    slack.click(ALICE, view, "Help")
    assert bot.seen[-1]["actions"][0]["selected_option"]["value"] == "help"
    slack.click(ALICE, view, "colleague", value=ALICE)
    assert bot.seen[-1]["actions"][0]["selected_user"] == ALICE
    assert bot.seen[-1]["container"] == {"type": "view", "view_id": view["id"]}


@healthy
def test_an_external_select_is_asked_while_somebody_types(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))

    with pytest.raises(LookupError, match="no option 'Mail-1'"):
        slack.submit(ALICE, {"Droplet": "Mail-1"})
    assert [one["value"] for one in slack.suggest(ALICE, "Droplet", "db")] == ["db-1"]


@healthy
@pytest.mark.parametrize(("text", "hears"), [("form, tell me", True), ("form", False)])
def test_closing_is_told_to_a_bot_that_asked_for_it(
    slack: SandboxSlack, bot: Bot, text: str, hears: bool
) -> None:
    slack.command(ALICE, text, channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))

    assert (slack.close_modal(ALICE) is not None) == hears
    assert (bot.seen[-1].get("type") == "view_closed") == hears
    assert slack.modal(ALICE) is None


@healthy
def test_events_and_shortcuts_arrive(slack: SandboxSlack, bot: Bot) -> None:
    slack.open_home(ALICE)
    slack.shortcut(ALICE, "ask_shortcut")
    slack.deactivate_user(ALICE)

    slack.wait_until(lambda: len(bot.seen) == 3)
    by_kind = {one.get("event", one)["type"]: one for one in bot.seen}
    assert by_kind["app_home_opened"]["event"]["user"] == ALICE
    assert by_kind["shortcut"]["callback_id"] == "ask_shortcut"
    assert by_kind["user_change"]["event"]["user"]["deleted"]


@healthy
def test_the_bot_proves_that_it_owns_its_url(slack: SandboxSlack, bot: Bot) -> None:
    assert slack.url_verification().body["challenge"] == "prove-it"


@healthy
def test_a_late_thought_comes_by_response_url(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "later", channel_id=CHANNEL)

    assert slack.wait_until(lambda: slack.ephemerals(ALICE))[0].text == "a second thought"


@healthy
def test_a_replay_is_the_same_request_byte_for_byte(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "hello", channel_id=CHANNEL)
    answers = slack.replay(3, at_once=True)

    assert [one.text for one in answers] == ["you said hello"] * 3
    assert all(one == bot.seen[0] for one in bot.seen)


@healthy
def test_a_forged_or_stale_signature_is_the_senders_own_doing(
    slack: SandboxSlack, bot: Bot
) -> None:
    body = b"command=/dbaccess&text=hello"
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    stale = slack.signed(body, at=time.time() - 600)

    assert slack.send_raw(body, {**form_type, **slack.signed(body)}).status == 200
    assert slack.send_raw(body, {**form_type, **stale}).status == 401
    assert slack.send_raw(body + b"!", {**form_type, **slack.signed(body)}).status == 401


def test_a_faulty_acknowledgement_is_written_down_and_not_shown(
    slack: SandboxSlack, bot: Bot
) -> None:
    slack.command(ALICE, "bad", channel_id=CHANNEL)

    assert slack.ephemerals(ALICE) == []
    assert "acknowledgement: a section needs text or fields" in slack.problems[0]


def test_a_crash_is_written_down(slack: SandboxSlack, bot: Bot) -> None:
    answer = slack.command(ALICE, "crash", channel_id=CHANNEL)

    assert (answer.status, answer.error) == (500, "dispatch_failed")
    assert slack.problems == ["/dbaccess crash: dispatch_failed (status 500)"]


def test_no_acknowledgement_in_time_is_written_down(slack: SandboxSlack, bot: Bot) -> None:
    slack.ack_seconds = 0.1
    answer = slack.command(ALICE, "slow", channel_id=CHANNEL)

    assert (answer.status, answer.error) == (0, "operation_timeout")
    assert slack.problems == ["/dbaccess slow: operation_timeout (status 0)"]


def test_a_bot_that_is_down_is_written_down(slack: SandboxSlack, bot: Bot) -> None:
    bot.server.stop()

    assert slack.command(ALICE, "hello", channel_id=CHANNEL).error == "dispatch_failed"


def test_errors_for_a_field_that_is_not_there_are_written_down(
    slack: SandboxSlack, bot: Bot
) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))
    bot.ack = {"response_action": "errors", "errors": {"reason": "too short"}}
    slack.submit(ALICE, {"Cluster": "Users", "Address": "203.0.113.4"})

    assert slack.problems == ["submission of 'ask': errors for no field: {'reason'}"]


def test_without_a_bot_nothing_can_be_sent(slack: SandboxSlack) -> None:
    with pytest.raises(RuntimeError, match="there is no bot"):
        slack.command(ALICE, "hello", channel_id=CHANNEL)


@pytest.mark.parametrize(
    ("age_seconds", "times", "error"),
    [(0, 2, "exchanged_trigger_id"), (2.9, 1, None), (3.1, 1, "expired_trigger_id")],
)
def test_a_trigger_opens_one_form_within_three_seconds(
    age_seconds: float, times: int, error: str | None
) -> None:
    now = [time.time()]
    with SandboxSlack(clock=lambda: now[0]) as slack:
        slack.add_channel(CHANNEL, "approvals")
        slack.add_user(ALICE, "alice")
        small = Bot(slack)
        with small.server:
            slack.bot_url = small.server.url
            slack.command(ALICE, "hello", channel_id=CHANNEL)
        now[0] += age_seconds
        errors: list[str | None] = []
        for _ in range(times):
            try:
                small.client.views_open(trigger_id=small.seen[0]["trigger_id"], view=form())
                errors.append(None)
            except SlackApiError as refusal:
                errors.append(refusal.response["error"])

    assert errors[-1] == error


@pytest.mark.parametrize(
    ("age_seconds", "uses", "error"), [(0, 6, "used_url"), (1801, 1, "expired_url")]
)
def test_a_response_url_serves_five_times_in_half_an_hour(
    age_seconds: float, uses: int, error: str
) -> None:
    now = [time.time()]
    with SandboxSlack(clock=lambda: now[0]) as slack:
        slack.add_channel(CHANNEL, "approvals")
        slack.add_user(ALICE, "alice")
        small = Bot(slack)
        with small.server:
            slack.bot_url = small.server.url
            slack.command(ALICE, "form", channel_id=CHANNEL)
        now[0] += age_seconds
        answers = [
            requests.post(small.seen[0]["response_url"], json={"text": "hi"}, timeout=5)
            for _ in range(uses)
        ]

        assert [one.status_code for one in answers] == [200] * (uses - 1) + [404]
        assert answers[-1].json()["error"] == error
        assert [one.text for one in slack.ephemerals(ALICE)] == ["hi"] * (uses - 1)


def test_stopping_does_not_wait_for_calls_that_hang(slack: SandboxSlack, bot: Bot) -> None:
    slack.faults.add(Fault.hang(target="chat.postMessage"))
    outcome: list[BaseException] = []

    def call() -> None:
        try:
            requests.post(slack.api_url + "chat.postMessage", timeout=30)
        except requests.ConnectionError as error:
            outcome.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    slack.wait_until(lambda: not slack.faults.pending())
    slack.stop()
    caller.join(timeout=10)

    assert not caller.is_alive()
    assert len(outcome) == 1
    slack.start()
