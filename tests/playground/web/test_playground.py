"""The playground's page over HTTP: what it lets one do, and whom it lets in."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.sandbox import SandboxSlack
from dbaccess_playground.web.playground import Playground
from dbaccess_playground.web.setting import Command, Role, Setting
from tests.playground.slack.small_bot import ALICE, CHANNEL, Bot, small_bot, small_slack

CAROL, EVE = "U0CAROL", "U0EVE"
OPS = "C0OPS"
COMMAND = Command("/dbaccess", "Asks for access", "help")
OURS = {"type": "ip_addr", "value": "203.0.113.4", "description": "dbaccess/test #1 until later"}
OFFICE = {"type": "ip_addr", "value": "198.51.100.7", "description": "office"}


class SetClock:
    rate = 1.0

    def now(self) -> datetime:
        return datetime.now(UTC)


class Switch:
    running = True

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False


class Client:
    """What the page does over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def state(self, person: str = ALICE) -> Any:
        answer = requests.get(f"{self.url}/api/state", params={"person": person}, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def act(self, what: str, **body: Any) -> requests.Response:
        return requests.post(f"{self.url}/api/{what}", json=body, timeout=30)

    def channel(self, channel: str = CHANNEL, person: str = ALICE) -> Any:
        return next(one for one in self.state(person)["channels"] if one["id"] == channel)


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    with small_slack() as slack:
        slack.add_user(CAROL, "carol")
        slack.add_user(EVE, "eve", team_id="T0ELSEWHERE")
        slack.add_channel(OPS, "ops", members=[ALICE])
        slack.say(ALICE, CHANNEL, "good morning")
        yield slack


@pytest.fixture
def bot(slack: SandboxSlack) -> Iterator[Bot]:
    with small_bot(slack) as bot:
        yield bot


@pytest.fixture
def digitalocean() -> Iterator[SandboxDigitalOcean]:
    with SandboxDigitalOcean() as digitalocean:
        digitalocean.add_cluster("orders", cluster_id="orders-id", rules=[OFFICE, OURS])
        yield digitalocean


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def page(
    slack: SandboxSlack, bot: Bot, digitalocean: SandboxDigitalOcean, clock: SetClock
) -> Iterator[Client]:
    setting = Setting(
        roles=[Role(ALICE, "approver"), Role(CAROL, "approver"), Role(EVE, "outsider")],
        command=COMMAND,
        steps=[],
        channel=CHANNEL,
        label="dbaccess/test ",
    )
    with Playground(
        slack, digitalocean, clock, setting, bot=Switch(), steps_done=lambda: [True, False]
    ) as playground:
        yield Client(playground.url)


def test_the_page_comes_with_rules_that_keep_it_to_itself(page: Client) -> None:
    answer = requests.get(page.url, timeout=30)
    assert answer.status_code == 200
    assert "<title>dbaccess playground</title>" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
    for part in ("page.js", "page.css", "icon.svg"):
        assert requests.get(f"{page.url}/{part}", timeout=30).status_code == 200
    assert requests.get(f"{page.url}/..%2fsrc%2fmain.tsx", timeout=30).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/json", "Origin": "http://evil.example"}, 403),
        ({"Content-Type": "application/json", "Origin": "null"}, 403),
        ({"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Content-Type": "application/json", "Host": "evil.example"}, 403),
    ],
)
def test_another_page_in_the_browser_cannot_drive_it(
    page: Client, clock: SetClock, headers: dict[str, str], status: int
) -> None:
    body = json.dumps({"rate": 60})
    answer = requests.post(f"{page.url}/api/clock", data=body, headers=headers, timeout=30)
    assert answer.status_code == status
    assert clock.rate == 1


def test_another_name_for_this_machine_reads_nothing(page: Client) -> None:
    answer = requests.get(f"{page.url}/api/state", headers={"Host": "evil.example"}, timeout=30)
    assert answer.status_code == 403


def test_a_command_reaches_the_bot_and_its_answer_is_whispered(page: Client) -> None:
    answer = page.act("command", person=ALICE, channel=CHANNEL, text="hello")
    assert answer.json() == {"error": None}
    assert page.channel()["messages"][-1]["text"] == "you said hello"
    assert page.channel()["messages"][-1]["ephemeral"]
    assert page.channel(person=CAROL)["messages"][-1]["text"] == "good morning"
    assert page.state()["calls"][0] | {"at": 0, "ms": 0} == {
        "to": "bot", "what": "/dbaccess hello", "status": 200, "ms": 0, "at": 0, "ok": True,
        "error": None,
    }  # fmt: skip


def test_a_bot_that_takes_too_long_is_told_of(page: Client, slack: SandboxSlack, bot: Bot) -> None:
    slack.ack_seconds = 0.2
    answer = page.act("command", person=ALICE, channel=CHANNEL, text="slow")
    assert answer.json() == {"error": "operation_timeout"}
    bot.slow.set()


def test_a_button_is_pressed_by_whoever_sees_it(
    page: Client, slack: SandboxSlack, bot: Bot
) -> None:
    message = bot.ask_for_a_decision(slack)
    for person in (ALICE, EVE):
        page.act("press", person=person, channel=CHANNEL, ts=message.ts, name="approve", value="7")
        assert bot.seen[-1]["user"]["id"] == person
    page.act("command", person=ALICE, channel=CHANNEL, text="blocks")
    (whispered,) = slack.ephemerals(ALICE)
    seen = len(bot.seen)
    press = {"channel": CHANNEL, "ts": whispered.ts, "name": "revoke"}
    assert page.act("press", person=CAROL, **press).status_code == 409
    assert len(bot.seen) == seen
    assert page.act("press", person=ALICE, **press).status_code == 200


def test_a_form_is_filled_in_refused_and_sent(page: Client, slack: SandboxSlack, bot: Bot) -> None:
    page.act("command", person=ALICE, channel=CHANNEL, text="form")
    slack.wait_until(lambda: slack.modal(ALICE))
    refused = page.act("submit", person=ALICE, values={"source": "203.0.113.4"})
    assert refused.status_code == 422
    assert "'Cluster' is required" in refused.json()["refused"]
    bot.ack = {"response_action": "errors", "errors": {"source": "not that one"}}
    values = {"cluster": "orders", "source": "203.0.113.4", "droplet": None}
    answer = page.act("submit", person=ALICE, values=values)
    assert answer.json() == {"error": None, "errors": {"source": "not that one"}}
    assert page.act("suggest", person=ALICE, field="droplet", typed="web").json() == {
        "options": [{"text": {"type": "plain_text", "text": "Web-1"}, "value": "web-1"}]
    }
    page.act("close", person=ALICE)
    assert page.state()["modal"] is None


def test_what_was_entered_in_a_field_that_the_bot_took_away_is_left_out(
    page: Client, slack: SandboxSlack, bot: Bot
) -> None:
    page.act("command", person=ALICE, channel=CHANNEL, text="form")
    slack.wait_until(lambda: slack.modal(ALICE))
    values = {"cluster": "users", "source": "203.0.113.4", "gone": "what was there before"}
    assert page.act("submit", person=ALICE, values=values).json()["error"] is None
    assert "gone" not in bot.seen[-1]["view"]["state"]["values"]


def test_a_global_shortcut_is_chosen(page: Client, bot: Bot) -> None:
    chosen = page.act("shortcut", person=ALICE, name="ask_shortcut")
    assert chosen.json() == {"error": None}
    assert (bot.seen[-1]["type"], bot.seen[-1]["callback_id"]) == ("shortcut", "ask_shortcut")


def test_a_choice_in_a_form_tells_the_bot_what_else_is_filled_in(
    page: Client, slack: SandboxSlack, bot: Bot
) -> None:
    page.act("command", person=ALICE, channel=CHANNEL, text="form")
    view = slack.wait_until(lambda: slack.modal(ALICE))
    assert view is not None
    page.act(
        "press_in_view", person=ALICE, view=view["id"], name="colleague", value=CAROL,
        values={"source": "203.0.113.4"},
    )  # fmt: skip
    assert bot.seen[-1]["view"]["state"]["values"]["source"]["entered"]["value"] == "203.0.113.4"


def test_what_is_said_is_unread_for_the_others_until_they_read_it(page: Client) -> None:
    assert page.channel(person=CAROL)["unread"] == 0
    said = page.act("say", person=ALICE, channel=CHANNEL, text="<b> & so on").json()
    assert page.channel(person=ALICE)["unread"] == 0
    assert page.channel(person=CAROL)["unread"] == 1
    assert page.channel(person=CAROL)["messages"][-1]["text"] == "&lt;b&gt; &amp; so on"
    assert page.act("read", person=CAROL, channel=CHANNEL, ts=said["ts"]).json() == {"news": True}
    assert page.channel(person=CAROL)["unread"] == 0


def test_nobody_writes_where_they_are_not(page: Client) -> None:
    answer = page.act("say", person=CAROL, channel=OPS, text="hello")
    assert (answer.status_code, answer.json()) == (409, {"refused": "not_in_channel"})
    assert [one["id"] for one in page.state(CAROL)["channels"]] == [CHANNEL, "D0CAROL"]


def test_replies_are_counted_at_the_message_they_answer(page: Client) -> None:
    root = page.channel()["messages"][0]
    page.act("say", person=CAROL, channel=CHANNEL, text="indeed", thread_ts=root["ts"])
    root, reply = page.channel()["messages"]
    assert (root["replies"], root["last_reply"]) == (1, reply["ts"])
    assert reply["thread_ts"] == root["ts"]
    assert page.channel()["unread"] == 0


def test_a_colleague_adds_and_removes_sources(
    page: Client, digitalocean: SandboxDigitalOcean
) -> None:
    rules = page.state()["clusters"][0]["rules"]
    assert [(one["value"], one["ours"]) for one in rules] == [
        ("198.51.100.7", False), ("203.0.113.4", True),
    ]  # fmt: skip
    there = {"cluster": "orders-id", "type": "ip_addr", "value": "203.0.113.9", "with": "panel"}
    page.act("add_source", **there, description="a colleague")
    assert digitalocean.rules("orders-id")[-1]["description"] == "a colleague"
    page.act("remove_source", **{**there, "with": "doctl"})
    rules = page.state()["clusters"][0]["rules"]
    assert [(one["value"], one["description"], one["ours"]) for one in rules] == [
        ("198.51.100.7", None, False), ("203.0.113.4", None, False),
    ]  # fmt: skip
    refused = page.act("add_source", **{**there, "value": "fe80::1"})
    assert refused.status_code == 422
    assert "IPv6" in refused.json()["refused"]


def test_faults_are_put_in_shown_and_cleared(
    page: Client, slack: SandboxSlack, digitalocean: SandboxDigitalOcean
) -> None:
    for kind in ("slow", "429", "500", "hang", "lost_answer", "lost_write"):
        assert page.act("add_fault", of="digitalocean", kind=kind, times=3).status_code == 200
    page.act("add_fault", of="slack", kind="500", times=None)
    shown = page.state()["faults"]
    assert len(shown["digitalocean"]["pending"]) == 6
    assert shown["slack"]["pending"] == [
        {"kind": "status", "code": 500, "seconds": 0.0, "method": None, "times": None}
    ]
    page.act("clear_faults", of="digitalocean")
    assert digitalocean.faults.pending() == []
    assert len(slack.faults.pending()) == 1
    assert page.act("add_fault", of="slack", kind="flood", times=1).status_code == 400
    assert page.act("add_fault", of="slack", kind="500", times=0).status_code == 422


def test_a_fault_shows_how_often_it_still_strikes(
    page: Client, digitalocean: SandboxDigitalOcean
) -> None:
    digitalocean.faults.add(Fault.status(500, times=3))
    requests.get(f"{digitalocean.url}/v2/account", timeout=30)
    assert page.state()["faults"]["digitalocean"]["pending"][0]["times"] == 2
    call = page.state()["calls"][0]
    assert (call["what"], call["status"], call["ok"]) == ("GET /v2/account", 500, False)


@pytest.mark.parametrize("rate", [0, 0.5, 3601, "60", True, None, 1e400])
def test_a_clock_runs_at_a_sensible_rate(page: Client, clock: SetClock, rate: object) -> None:
    body = json.dumps({"rate": rate})
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{page.url}/api/clock", data=body, headers=headers, timeout=30)
    assert answer.status_code == 400
    assert clock.rate == 1


def test_the_clock_and_the_bot_are_switched(page: Client, clock: SetClock) -> None:
    page.act("clock", rate=600)
    assert (clock.rate, page.state()["rate"]) == (600, 600)
    page.act("bot", to="off")
    assert page.state()["bot"] is False
    page.act("bot", to="on")
    assert page.state()["bot"] is True


@pytest.mark.parametrize("body", ["", "[]", "null", "{", '"text"'])
def test_nonsense_is_refused(page: Client, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{page.url}/api/say", data=body, headers=headers, timeout=30)
    assert answer.status_code == 400


def test_there_is_nobody_else_to_be_and_nothing_else_to_do(page: Client) -> None:
    answer = requests.get(f"{page.url}/api/state", params={"person": "U0DBACCESS"}, timeout=30)
    assert answer.status_code == 409
    assert page.act("escape", person=ALICE).status_code == 404


def test_news_come_as_server_sent_events(page: Client) -> None:
    with requests.get(f"{page.url}/api/events", stream=True, timeout=30) as events:
        lines = events.iter_lines()
        first = next(lines)
        assert first.startswith(b"data: ")
        threading.Thread(
            target=page.act, args=["say"], kwargs={"person": ALICE, "channel": CHANNEL, "text": "x"}
        ).start()
        assert next(lines) == b""
        later = next(lines)
        assert int(later[6:]) > int(first[6:])


def test_stopping_ends_the_news_at_once(
    slack: SandboxSlack, bot: Bot, digitalocean: SandboxDigitalOcean, clock: SetClock
) -> None:
    setting = Setting([Role(ALICE, "approver")], COMMAND, [], CHANNEL, "dbaccess/test ")
    playground = Playground(slack, digitalocean, clock, setting)
    playground.start()
    with requests.get(f"{playground.url}/api/events", stream=True, timeout=30) as events:
        next(events.iter_lines())
        began = time.monotonic()
        playground.stop()
        assert time.monotonic() - began < 2


def test_hundreds_of_messages_are_no_trouble(page: Client, slack: SandboxSlack) -> None:
    for number in range(700):
        slack.say(CAROL, CHANNEL, f"message {number}")
    began = time.monotonic()
    messages = page.channel()["messages"]
    assert time.monotonic() - began < 1
    assert (len(messages), messages[-1]["text"]) == (300, "message 699")
    assert page.channel()["unread"] == 700


def test_nobody_writes_where_slack_shows_no_composer(page: Client, slack: SandboxSlack) -> None:
    slack.add_channel("C0OLD", "old-news", is_archived=True)
    old = next(one for one in page.state()["channels"] if one["name"] == "old-news")
    assert not old["writable"]
    assert page.channel()["writable"]
    for what in ("say", "command"):
        refused = page.act(what, person=ALICE, channel=old["id"], text="hello")
        assert refused.json() == {"refused": "restricted_action_read_only_channel"}
        assert page.act(what, person=CAROL, channel=OPS, text="hello").status_code == 409
    assert slack.messages(old["id"]) == []


def test_a_command_is_typed_in_the_apps_own_messages_and_a_message_there_stays_unread(
    page: Client, slack: SandboxSlack
) -> None:
    dm = next(one for one in page.state()["channels"] if one["dm"])
    assert dm["writable"]

    assert page.act("command", person=ALICE, channel=dm["id"], text="help").status_code == 200
    calls = len(page.state()["calls"])
    assert page.act("say", person=ALICE, channel=dm["id"], text="hello?").status_code == 200

    assert [one.text for one in slack.messages(dm["id"])] == ["hello?"]
    assert len(page.state()["calls"]) == calls


def test_the_page_hears_which_steps_of_the_tour_are_done(page: Client) -> None:
    assert page.state()["steps_done"] == [True, False]
