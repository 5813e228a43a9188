"""Forged, replayed, unsigned and unreadable: what comes to the door besides what Slack sends."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from dbaccess_playground.slack.dispatch import Answer
from tests.scenarios.deciding import ASK, asked, assert_undecided
from tests.scenarios.world import (
    ALICE,
    APPROVALS,
    RITA,
    World,
)

Worlds = Callable[[dict[str, Any]], World]

FORGED: list[Any] = [
    "",
    "abc",
    "-1",
    "1e3",
    "1; DROP TABLE grants",
    "9" * 40,
    "\u0663",
    None,
    [],
    {},
    1.5,
]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def interaction(world: World, **payload: Any) -> Answer:
    """Send an interaction that Slack itself would never send, signed as by Slack."""
    body = urlencode({"payload": json.dumps(payload)}).encode()
    return world.slack.send_raw(body, {**FORM, **world.slack.signed(body)})


def forged_press(world: World, action_id: str, value: Any) -> Answer:
    action = {"type": "button", "action_id": action_id, "block_id": "b", "value": value}
    return interaction(
        world,
        type="block_actions",
        user={"id": ALICE, "team_id": world.slack.team_id},
        team={"id": world.slack.team_id},
        channel={"id": APPROVALS},
        trigger_id=f"forged.{time.monotonic_ns()}",
        actions=[action],
    )


def told_last(world: World, times: int) -> str:
    """Return the last thing that Alice is told, once it was so many times."""
    world.eventually(lambda: len(world.told(ALICE)) == times)
    return world.told(ALICE)[-1]


# What Slack would never send, but its signing secret vouches for.


@pytest.mark.parametrize("action", ["approve", "deny", "extend", "revoke", "cancel"])
def test_a_button_with_a_forged_value_does_nothing(world: World, action: str) -> None:
    asked(world)
    before = world.rows()

    for value in FORGED:
        forged_press(world, action, value)
    world.settle()

    assert world.rows() == before
    assert_undecided(world)
    assert world.slack.modal(ALICE) is None


@pytest.mark.parametrize("action", ["approve", "extend", "revoke", "cancel"])
def test_a_button_for_something_that_is_not_there_is_answered_with_that(
    world: World, action: str
) -> None:
    asked(world)

    for times, value in enumerate(("0", "2", "999999999"), start=1):
        assert forged_press(world, action, value).status == 200
        world.settle()

        told = told_last(world, times)
        assert "There is no" in told or "No open access" in told
        assert f"#{value}." in told
    assert_undecided(world)


def test_an_action_nobody_knows_does_nothing(world: World) -> None:
    asked(world)
    before = world.footprint()

    forged_press(world, "open_sesame", "1")
    world.settle()

    assert world.footprint() == before


# What comes without Slack's signature, or with an old one.


def test_a_request_that_is_delivered_again_counts_once(world: World) -> None:
    answer = world.slack.command(RITA, ASK, channel_id="C0GENERAL")

    again = world.slack.replay(3)

    world.settle()
    assert [a.text for a in again] == [answer.text] * 3
    assert len(world.slack.messages(APPROVALS)) == 1
    assert world.audited() == [("request.made", RITA)]


def test_a_request_that_is_delivered_many_times_at_once_counts_once(world: World) -> None:
    world.slack.command(RITA, ASK, channel_id="C0GENERAL")

    again = world.slack.replay(8, at_once=True)

    world.settle()
    assert {a.status for a in again} == {200}
    assert len(world.slack.messages(APPROVALS)) == 1


def test_a_click_that_is_delivered_many_times_at_once_counts_once(world: World) -> None:
    world.slack.click(ALICE, asked(world), "Approve")

    world.slack.replay(8, at_once=True)

    world.settle()
    assert len(world.grants()) == 1
    assert world.whispered(ALICE) == [], "nobody is told that they were late"


def test_a_denial_that_is_delivered_again_counts_once(world: World) -> None:
    world.denies(ALICE, asked(world), "no")

    world.slack.replay(2)

    world.settle()
    assert world.audited().count(("request.denied", ALICE)) == 1
    assert world.whispered(ALICE) == []


def command_body(text: str) -> bytes:
    fields = {"command": "/dbaccess", "text": text, "user_id": RITA, "trigger_id": "1.forged"}
    return urlencode(fields).encode()


def test_what_is_signed_is_taken(world: World) -> None:
    """The counter-proof of the tests below."""
    body = command_body(ASK)

    assert world.slack.send_raw(body, {**FORM, **world.slack.signed(body)}).status == 200
    assert world.request().requester == RITA


@pytest.mark.parametrize(
    "forge",
    [
        lambda _world, _body: {},
        lambda world, body: {"X-Slack-Signature": world.slack.signed(body)["X-Slack-Signature"]},
        lambda world, body: {**world.slack.signed(body), "X-Slack-Signature": "v0=" + "0" * 64},
        lambda world, body: {**world.slack.signed(body), "X-Slack-Signature": ""},
        lambda world, body: {**world.slack.signed(body), "X-Slack-Request-Timestamp": "now"},
        lambda world, body: {**world.slack.signed(body), "X-Slack-Request-Timestamp": "-1"},
        lambda world, body: world.slack.signed(body, at=time.time() - 360),
        lambda world, body: world.slack.signed(body, at=time.time() + 360),
        lambda world, body: world.slack.signed(body + b" "),
    ],
    ids=[
        "unsigned",
        "no timestamp",
        "wrong signature",
        "empty signature",
        "no number for a timestamp",
        "negative timestamp",
        "six minutes old",
        "six minutes early",
        "signed for another body",
    ],
)
def test_what_is_not_freshly_signed_is_refused_unread(
    world: World, forge: Callable[[World, bytes], dict[str, str]]
) -> None:
    """P8."""
    before = world.footprint()
    body = command_body(ASK)

    answer = world.slack.send_raw(body, {**FORM, **forge(world, body)})

    assert answer.status == 401
    assert answer.text == "not signed by Slack\n"
    assert world.footprint() == before


def test_an_unsigned_body_that_would_not_even_parse_is_refused_all_the_same(world: World) -> None:
    headers = {"Content-Type": "application/json"}

    assert world.slack.send_raw(b'{"type": ', headers).status == 401


@pytest.mark.parametrize("signed", [True, False])
def test_a_body_that_is_too_large_is_refused_unread(world: World, *, signed: bool) -> None:
    before = world.footprint()
    body = command_body(ASK + " x" * 500_000)
    signature = world.slack.signed(body) if signed else {}

    answer = world.slack.send_raw(body, {**FORM, **signature})

    assert answer.status == 413
    assert world.footprint() == before


def test_a_button_with_a_forged_value_is_answered_and_that_is_all(world: World) -> None:
    asked(world)
    for value in FORGED:
        assert forged_press(world, "approve", value).status == 200


@pytest.mark.parametrize("metadata", ["[]", "null", "7", '"x"', "{", "{}"])
def test_a_denial_with_forged_metadata_does_nothing(world: World, metadata: str) -> None:
    asked(world)
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": "deny",
        "private_metadata": metadata,
        "state": {"values": {"reason": {"reason": {"value": "no"}}}},
    }
    answer = interaction(world, type="view_submission", user={"id": ALICE}, view=view)
    assert answer.status == 200
    assert_undecided(world)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(b'{"type": ', "application/json", id="cut"),
        pytest.param(b"[]", "application/json", id="list"),
        pytest.param(b"payload=%7Bnope", FORM["Content-Type"], id="form cut"),
        pytest.param(b"payload=[]", FORM["Content-Type"], id="form list"),
        pytest.param(b"[" * 100_000, "application/json", id="deep"),
        pytest.param(b"\xff", FORM["Content-Type"], id="no UTF-8"),
    ],
)
def test_a_signed_body_that_is_no_payload_is_a_bad_request(
    world: World, body: bytes, kind: str
) -> None:
    answer = world.slack.send_raw(body, {"Content-Type": kind, **world.slack.signed(body)})
    assert answer.status in (400, 401)  # what is no text cannot have been signed by Slack
    world.slack.problems.clear()


@pytest.mark.parametrize(
    ("body", "stamp"),
    [(b"\xff\xfe", None), (b"x", "1" * 5_000)],
    ids=["no UTF-8", "endless timestamp"],
)
def test_rubbish_without_a_signature_is_refused_like_everything_else(
    world: World, body: bytes, stamp: str | None
) -> None:
    at = stamp or str(int(time.time()))
    headers = {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": "v0=00"}
    assert world.slack.send_raw(body, headers).status == 401
    world.slack.problems.clear()
