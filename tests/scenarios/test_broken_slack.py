"""A Slack that is down for long, asks for patience, or refuses: what that costs, and what not."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import requests

from bot.domain.lifecycle import EndReason, GrantState, RequestState
from bot.slack.outbound.pace import BURST
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.world import (
    ALICE,
    APPROVALS,
    BOB,
    IP,
    OSCAR,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]
POSTING = "chat.postMessage"
TRUSTED = f"ip_addr:{IP}"
OTHER_IP = "203.0.113.5"


def refusing(error: str, *, target: str = POSTING, times: int | None = None) -> Fault:
    """Slack's own word of refusal, in an answer that is otherwise in order."""
    body = f'{{"ok": false, "error": "{error}"}}'
    return Fault.answer(body, target=target, times=times)


def cards(world: World) -> list[Message]:
    return world.slack.messages(APPROVALS, replies=False)


def metric(world: World, name: str, *, kind: str) -> float:
    page = requests.get(f"{world.service.url}/metrics", timeout=30).text
    sample = f'{name}{{kind="{kind}"}} '
    [line] = [line for line in page.splitlines() if line.startswith(sample)]
    return float(line.split()[1])


# Down for an hour.


@pytest.fixture
def hour_without_slack(worlds: Worlds) -> World:
    """Five grants that end one after the other in an hour without Slack."""
    world = worlds(policy(min_duration="1m"))
    for number in range(1, 6):
        world.granted(f"request 203.0.113.{number} {20 + 4 * number}m orders")
        world.pass_time(seconds=20)
    for number in range(1, 6):
        world.pass_time(seconds=5)
        assert world.grant(number).state is GrantState.ACTIVE
    world.slack.faults.add(Fault.status(503, target="/", times=None))
    return world


def test_access_ends_to_the_second_while_slack_is_down(hour_without_slack: World) -> None:
    world = hour_without_slack
    for grant in world.grants():
        left = grant.expires_at - world.clock.now()
        world.pass_time(seconds=left.total_seconds() - 1)
        assert f"ip_addr:{grant.source.value}" in world.sources()
        world.pass_time(seconds=1)
        assert f"ip_addr:{grant.source.value}" not in world.sources()
        assert world.grant(grant.id).end_reason is EndReason.EXPIRED


def test_after_an_hour_all_is_told_in_order_and_at_slacks_pace(hour_without_slack: World) -> None:
    world = hour_without_slack
    told, threads = world.told(RITA), len(world.slack.messages(APPROVALS))
    assert len(told) == 5
    down_from = len(world.slack.calls)
    for _ in range(12):
        world.pass_time(minutes=5)
    tries = len(world.slack.calls) - down_from
    assert tries < 200, "six conversations, tried about once a minute each at the most"
    owed = metric(world, "dbaccess_jobs_waiting", kind="message")
    assert metric(world, "dbaccess_jobs_age_seconds", kind="message") > 1800

    world.slack.faults.clear()
    back_from = len(world.slack.calls)
    for _ in range(90):
        world.pass_time(seconds=1)

    calls = world.slack.calls[back_from:]
    assert metric(world, "dbaccess_jobs_waiting", kind="message") == 0
    assert owed >= 10
    methods = Counter(call.method for call in calls if call.method.startswith("chat."))
    assert methods == {"chat.update": 10}, "no warning of what has ended meanwhile"
    for channel, times in Counter(call.args.get("channel") for call in calls).items():
        sent_at = [call.at for call in calls if call.args.get("channel") == channel]
        span = max(sent_at) - min(sent_at)
        assert times <= BURST + span + 1, f"{times} in {span} s to {channel}"
    for number, told_now in enumerate(world.told(RITA), start=1):
        assert f"#{number} to `orders` has ended" in told_now.replace("*", "")
    assert len(world.slack.messages(APPROVALS)) == threads


def test_a_card_that_changed_often_meanwhile_is_changed_once(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    world.types(RITA, f"request {IP} 20m orders")
    card = world.card
    world.slack.faults.add(Fault.status(503, target="/api/chat", times=None))
    world.presses(ALICE, card, "Approve")
    world.presses(BOB, card, "Approve")
    for _ in range(12):
        world.pass_time(minutes=5)
    assert world.grant().state is GrantState.ENDED

    world.slack.faults.clear()
    for _ in range(30):
        world.pass_time(seconds=10)
    assert sum(c.method == "chat.update" and c.ok for c in world.slack.calls) == 1
    assert " approved*" in world.card.text
    assert len(world.thread()) == 1, "has ended"


# Full, or asking for patience.


def test_a_channel_that_wants_patience_holds_up_no_other(world: World) -> None:
    world.slack.faults.add(Fault.status(429, retry_after=600, target=POSTING))
    world.types(RITA, f"request {IP} 2h orders")
    assert cards(world) == []
    world.slack.event({"type": "app_home_opened", "user": ALICE, "tab": "home"})
    world.settle()
    home = world.eventually(lambda: world.slack.home(ALICE))
    world.slack.click(ALICE, home, "Approve")
    world.settle()
    assert TRUSTED in world.sources()
    assert any("You can connect" in told for told in world.told(RITA))
    assert cards(world) == []
    world.pass_time(seconds=601)
    world.pass_time(seconds=2)
    assert len(cards(world)) == 1


@pytest.mark.parametrize("seconds", [90_000, 10**15])
def test_no_header_of_slacks_silences_a_conversation_for_longer_than_an_hour(
    world: World, seconds: int
) -> None:
    world.slack.faults.add(Fault.status(429, retry_after=seconds, target=POSTING))
    world.types(RITA, f"request {IP} 2h orders")
    world.pass_time(minutes=59)
    assert cards(world) == []
    world.pass_time(minutes=2)
    assert len(cards(world)) == 1


# Refusing.


@pytest.mark.parametrize("error", ["invalid_auth", "account_inactive", "token_revoked"])
def test_a_token_that_is_no_longer_taken_is_seen_by_operators_and_loses_nothing(
    world: World, error: str, logged: Callable[[], str]
) -> None:
    world.granted(f"request {OTHER_IP} 30m orders")
    world.slack.faults.add(refusing(error, target="/api/"))
    for _ in range(12):
        world.pass_time(minutes=5)
    assert f"ip_addr:{OTHER_IP}" not in world.sources(), "access ends all the same"
    assert error in logged()
    assert metric(world, "dbaccess_jobs_waiting", kind="message") == 2
    assert metric(world, "dbaccess_jobs_age_seconds", kind="message") >= 1800

    world.slack.faults.clear()
    world.pass_time(minutes=2)
    world.pass_time(minutes=2)
    assert "has ended" in world.told(RITA)[-1]
    assert metric(world, "dbaccess_jobs_waiting", kind="message") == 0


@pytest.mark.parametrize(
    "error",
    [
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "restricted_action",
        "msg_too_long",
        "invalid_blocks",
    ],
)
def test_a_message_that_slack_will_never_take_does_not_stop_its_conversation(
    world: World, error: str
) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.faults.add(refusing(error, times=2))  # below the card, and to Rita
    world.presses(ALICE, world.card, "Approve")
    assert world.told(RITA) == []
    world.pass_time(hours=2)
    assert "has ended" in world.told(RITA)[-1]
    assert ("message.undelivered", "dbaccess") in world.audited()
    assert metric(world, "dbaccess_jobs_waiting", kind="message") == 0


@pytest.mark.parametrize("channel", [{"is_archived": True}, {"bot_is_member": False}])
def test_a_request_whose_card_has_no_channel_lives_and_can_be_approved(
    world: World, channel: dict[str, bool]
) -> None:
    world.slack.add_channel(APPROVALS, "db-approvals", **channel)  # type: ignore[arg-type]
    world.types(RITA, f"request {IP} 2h orders")
    assert world.request().state is RequestState.PENDING
    assert len(world.operators()) == 1

    world.slack.open_home(ALICE)
    world.settle()
    home = world.eventually(lambda: world.slack.home(ALICE))
    world.slack.click(ALICE, home, "Approve")
    world.settle()
    assert TRUSTED in world.sources()
    assert any("You can connect" in told for told in world.told(RITA))

    world.slack.add_channel(APPROVALS, "db-approvals")
    world.pass_time(hours=2)
    assert "has ended" in world.told(RITA)[-1]
    assert metric(world, "dbaccess_jobs_waiting", kind="message") == 0
    assert len(world.operators()) == 1, "that nobody can reply below it is told once"


def test_slack_hanging_in_one_channel_holds_up_no_end(world: World) -> None:
    world.granted(f"request {OTHER_IP} 30m orders")
    with world.at_work():
        world.slack.faults.add(Fault.hang(target="chat.", times=None))
        world.clock.advance(minutes=30)
        world.worker.wake()
        world.eventually(lambda: f"ip_addr:{OTHER_IP}" not in world.sources())
        assert world.slack.command(OSCAR, "list", channel_id="C0GENERAL").error is None
