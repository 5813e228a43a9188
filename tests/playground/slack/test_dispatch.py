import threading
import time
from collections.abc import Iterator

import pytest
import requests
from slack_sdk.errors import SlackApiError

from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.sandbox import SandboxSlack
from tests.playground.slack.small_bot import (
    ALICE,
    CHANNEL,
    Bot,
    button,
    form,
    small_bot,
    small_slack,
)


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    with small_slack() as sandbox:
        yield sandbox


@pytest.fixture
def bot(slack: SandboxSlack) -> Iterator[Bot]:
    with small_bot(slack) as bot:
        yield bot


@pytest.fixture
def at_end_no_problems(slack: SandboxSlack, bot: Bot) -> Iterator[None]:
    yield
    assert slack.problems == []


healthy = pytest.mark.usefixtures("at_end_no_problems")


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
    message = bot.ask_for_a_decision(slack)
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
    message = bot.ask_for_a_decision(slack)
    slack.click(ALICE, message, "deny")

    slack.wait_until(lambda: slack.message(CHANNEL, message.ts).text == "denied")


@healthy
def test_a_missing_button_is_told_with_those_there_are(slack: SandboxSlack, bot: Bot) -> None:
    message = bot.ask_for_a_decision(slack)

    with pytest.raises(LookupError, match=r"nothing here called 'Extend'.*Approve.*Deny"):
        slack.click(ALICE, message, "Extend")


@healthy
def test_buttons_that_read_the_same_are_told_apart_by_value(slack: SandboxSlack, bot: Bot) -> None:
    several = [{**button("Approve", str(one)), "action_id": f"a{one}"} for one in range(2)]
    message = bot.ask_for_a_decision(slack, *several)

    with pytest.raises(LookupError, match="2 things"):
        slack.click(ALICE, message, "Approve")


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


def test_without_a_bot_a_command_fails_as_in_slack(slack: SandboxSlack) -> None:
    answer = slack.command(ALICE, "hello", channel_id=CHANNEL)

    assert (answer.status, answer.error) == (0, "dispatch_failed")
    assert slack.problems == ["/dbaccess hello: dispatch_failed (status 0)"]


@pytest.mark.parametrize(
    ("age_seconds", "times", "error"),
    [(0, 2, "exchanged_trigger_id"), (2.9, 1, None), (3.1, 1, "expired_trigger_id")],
)
def test_a_trigger_opens_one_form_within_three_seconds(
    age_seconds: float, times: int, error: str | None
) -> None:
    now = [time.time()]
    with small_slack(clock=lambda: now[0]) as slack:
        with small_bot(slack) as small:
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
    with small_slack(clock=lambda: now[0]) as slack:
        with small_bot(slack) as small:
            slack.command(ALICE, "form", channel_id=CHANNEL)
        now[0] += age_seconds
        answers = [
            requests.post(small.seen[0]["response_url"], json={"text": "hi"}, timeout=30)
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
    caller.join(timeout=30)

    assert not caller.is_alive()
    assert len(outcome) == 1
    slack.start()
