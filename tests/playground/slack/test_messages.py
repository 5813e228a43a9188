from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from dbaccess_playground.slack.people import BOT_USER_ID
from dbaccess_playground.slack.sandbox import SandboxSlack
from dbaccess_playground.slack.workspace import Change

CHANNEL = "C0APPROVALS"


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    with SandboxSlack() as sandbox:
        sandbox.add_channel(CHANNEL, "approvals")
        sandbox.add_user("U0ALICE", "alice")
        yield sandbox


@pytest.fixture
def client(slack: SandboxSlack) -> WebClient:
    return WebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=30)


def refused(client: WebClient, method: str, **args: Any) -> Any:
    with pytest.raises(SlackApiError) as caught:
        client.api_call(method, json=args)
    return caught.value.response


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


BUTTONS = {
    "type": "actions",
    "elements": [{"type": "button", "text": plain(text)} for text in ("Approve", "Deny")],
}
HOME = {"type": "home", "blocks": [section("My grants")]}


def test_a_message_is_posted_with_its_buttons(slack: SandboxSlack, client: WebClient) -> None:
    answer = client.chat_postMessage(
        channel=CHANNEL, text="a request", blocks=[section("*who*"), BUTTONS]
    )

    (said,) = slack.messages(CHANNEL)
    assert (said.ts, said.user, said.channel) == (answer["ts"], BOT_USER_ID, CHANNEL)
    assert said.buttons == ["Approve", "Deny"]
    assert said.all_text == "a request\n*who*\nApprove\nDeny"
    assert all(block["block_id"] for block in said.blocks)
    assert slack.problems == []


def test_timestamps_are_unique_and_grow_though_the_clock_stands() -> None:
    with SandboxSlack(clock=lambda: 1764000000.0) as slack:
        slack.add_channel(CHANNEL, "approvals")
        client = WebClient(slack.bot_token, base_url=slack.api_url)
        stamps = [client.chat_postMessage(channel=CHANNEL, text="hi")["ts"] for _ in range(3)]

    assert stamps == ["1764000000.000000", "1764000000.000100", "1764000000.000200"]


def test_an_update_keeps_what_was_said_before(slack: SandboxSlack, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="open", blocks=[BUTTONS])["ts"]
    client.chat_update(channel=CHANNEL, ts=ts, text="approved", blocks=[section("done")])

    said = slack.message(CHANNEL, ts)
    assert said.edited
    assert (said.text, said.buttons, said.versions[0].text) == ("approved", [], "open")


def test_an_update_without_blocks_leaves_the_old_ones(
    slack: SandboxSlack, client: WebClient
) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="open", blocks=[BUTTONS])["ts"]
    client.chat_update(channel=CHANNEL, ts=ts, text="approved")
    assert slack.message(CHANNEL, ts).buttons == ["Approve", "Deny"]

    client.chat_update(channel=CHANNEL, ts=ts, text="approved", blocks=[])
    assert slack.message(CHANNEL, ts).buttons == []


def test_replies_stand_in_their_thread(slack: SandboxSlack, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="a request")["ts"]
    client.chat_postMessage(channel=CHANNEL, text="applied", thread_ts=ts)

    assert [one.text for one in slack.thread(CHANNEL, ts)] == ["applied"]
    assert [one.text for one in slack.messages(CHANNEL, replies=False)] == ["a request"]
    assert [one.text for one in slack.messages(CHANNEL)] == ["a request", "applied"]


def test_posting_to_a_person_answers_with_the_direct_channel(
    slack: SandboxSlack, client: WebClient
) -> None:
    answer = client.chat_postMessage(channel="U0ALICE", text="your access ends")

    assert answer["channel"] == "D0ALICE"
    assert client.conversations_open(users="U0ALICE")["channel"]["id"] == "D0ALICE"
    assert [one.text for one in slack.dms("U0ALICE")] == ["your access ends"]


def test_an_ephemeral_message_is_seen_by_one_person(slack: SandboxSlack, client: WebClient) -> None:
    client.chat_postEphemeral(channel=CHANNEL, user="U0ALICE", text="only you")

    assert slack.messages(CHANNEL) == []
    assert [one.text for one in slack.ephemerals("U0ALICE")] == ["only you"]


def test_a_message_can_be_deleted_and_linked(slack: SandboxSlack, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="oops")["ts"]
    link = client.chat_getPermalink(channel=CHANNEL, message_ts=ts)["permalink"]
    client.chat_delete(channel=CHANNEL, ts=ts)

    assert link.endswith(f"/archives/{CHANNEL}/p{ts.replace('.', '')}")
    assert slack.messages(CHANNEL) == []


def test_bad_blocks_are_refused_and_written_down(slack: SandboxSlack, client: WebClient) -> None:
    answer = refused(client, "chat.postMessage", channel=CHANNEL, text="x", blocks=[section("")])

    assert answer["error"] == "invalid_blocks"
    (told,) = answer["response_metadata"]["messages"]
    assert told.startswith("[ERROR] ")
    assert [one.removeprefix("chat.postMessage: ") for one in slack.problems] == [told[8:]]
    assert slack.messages(CHANNEL) == []


def test_blocks_without_a_text_are_posted_but_written_down(
    slack: SandboxSlack, client: WebClient
) -> None:
    with pytest.warns(UserWarning, match="text"):
        client.chat_postMessage(channel=CHANNEL, blocks=[section("hello")])

    assert len(slack.messages(CHANNEL)) == 1
    assert "a message needs a text" in slack.problems[0]


def test_every_change_is_heard(slack: SandboxSlack, client: WebClient) -> None:
    heard: list[Change] = []
    stop = slack.subscribe(heard.append)
    ts = client.chat_postMessage(channel=CHANNEL, text="one")["ts"]
    client.chat_update(channel=CHANNEL, ts=ts, text="two")
    client.views_publish(user_id="U0ALICE", view=HOME)
    client.chat_delete(channel=CHANNEL, ts=ts)
    stop()
    client.chat_postMessage(channel=CHANNEL, text="three")

    assert [one.event for one in heard if one.event != "call"] == [
        "message",
        "update",
        "home",
        "delete",
    ]


def test_waiting_ends_when_it_happened_or_never_will(
    slack: SandboxSlack, client: WebClient
) -> None:
    client.chat_postMessage(channel=CHANNEL, text="one")

    assert slack.wait_until(lambda: slack.messages(CHANNEL))[0].text == "one"
    with pytest.raises(TimeoutError):
        slack.wait_until(lambda: slack.dms("U0ALICE"), timeout_seconds=0.01)
