"""The answers to `myip` look as agreed, and Slack would take them."""

import pytest
from syrupy.assertion import SnapshotAssertion

from bot.slack.messages import Message, myip_link, myip_not_set_up
from dbaccess_playground.slack.block_kit.checker import problems
from tests.slack.messages.reading import message_as_read

URL = "https://dbaccess.example.com/ip/vK3-x_9.aB-c_D"
ANSWERS = {"a link": myip_link(URL), "not set up": myip_not_set_up()}

each_answer = pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())


@each_answer
def test_an_answer_looks_as_agreed(answer: Message, snapshot: SnapshotAssertion) -> None:
    assert message_as_read(answer) == snapshot


@each_answer
def test_slack_takes_an_answer(answer: Message) -> None:
    assert problems({"text": answer.text, "blocks": answer.blocks}, "message") == []


def test_the_link_is_whole_in_the_button_and_in_the_text() -> None:
    answer = myip_link(URL)
    [button] = [
        element for b in answer.blocks for element in b.get("elements", []) if "url" in element
    ]
    assert button["url"] == URL
    assert f"<{URL}>" in answer.text
