"""Replies: tried for a few seconds; a host that does not answer is left alone for half a minute."""

import socket
import threading
from collections.abc import Callable, Iterator
from time import monotonic

import pytest
from structlog.testing import capture_logs

from bot.slack.client import SlackClient, web_client
from bot.slack.messages import Message
from bot.slack.outbound.replies import Replies
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.sandbox import SandboxSlack

ANSWER = Message("Done.", [])


class Seconds:
    """A clock that stands still until it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    with SandboxSlack() as slack:
        yield slack


@pytest.fixture
def client(slack: SandboxSlack) -> SlackClient:
    return web_client(slack.bot_token, slack.api_url)


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def replies(client: SlackClient, seconds: Seconds) -> Replies:
    return Replies(client, seconds)


def address(slack: SandboxSlack) -> str:
    return f"{slack.url}/response/anywhere"


def taken(slack: SandboxSlack) -> None:
    slack.faults.add(Fault.answer("ok", content_type="text/plain", target="/response/"))


def test_an_address_that_takes_the_answer_is_enough(slack: SandboxSlack, replies: Replies) -> None:
    taken(slack)

    assert replies.respond(address(slack), ANSWER)


def test_an_address_that_takes_no_more_answers_is_not_tried_twice(
    slack: SandboxSlack, replies: Replies
) -> None:
    assert not replies.respond(address(slack), ANSWER)
    assert [call.error for call in slack.calls] == ["no_service"]


@pytest.mark.parametrize(
    "fault", [Fault.reset, lambda **aim: Fault.status(500, **aim)], ids=["cut line", "error"]
)
def test_what_fails_once_is_tried_once_more(
    slack: SandboxSlack, replies: Replies, fault: Callable[..., Fault]
) -> None:
    slack.faults.add(fault(target="/response/", times=1))
    taken(slack)

    assert replies.respond(address(slack), ANSWER)
    assert len(slack.calls) == 2


def test_what_is_refused_for_now_does_not_say_that_the_host_is_away(
    slack: SandboxSlack, replies: Replies
) -> None:
    slack.faults.add(Fault.status(500, target="/response/", times=2))
    taken(slack)

    assert not replies.respond(address(slack), ANSWER)
    assert replies.respond(address(slack), ANSWER)


@pytest.mark.parametrize(
    ("fault", "tries"), [(Fault.hang, 1), (Fault.reset, 2)], ids=["no answer", "cut line"]
)
def test_a_host_that_does_not_answer_is_left_alone_for_half_a_minute(
    slack: SandboxSlack,
    replies: Replies,
    seconds: Seconds,
    fault: Callable[..., Fault],
    tries: int,
) -> None:
    slack.faults.add(fault(target="/response/", times=None))

    with capture_logs() as logs:
        for _ in range(5):
            assert not replies.respond(address(slack), ANSWER)
        seconds.now += 29.9
        assert not replies.respond(address(slack), ANSWER)
        assert len(slack.calls) + slack.faults.hanging == tries

        seconds.now += 0.1
        assert not replies.respond(address(slack), ANSWER)
    assert len(slack.calls) + slack.faults.hanging == 2 * tries
    assert [entry["event"] for entry in logs] == ["reply address unreachable"]

    slack.faults.clear()
    taken(slack)
    seconds.now += 30
    assert replies.respond(address(slack), ANSWER), "it is back"


def test_a_name_that_is_looked_up_for_ever_takes_no_longer(
    replies: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: over.wait(20))

    began = monotonic()
    assert not replies.respond("https://hooks.slack.invalid/response/nobody", ANSWER)
    assert not replies.respond("https://hooks.slack.invalid/response/nobody", ANSWER)
    over.set()

    assert monotonic() - began < 6


def test_a_host_that_does_not_answer_says_nothing_of_another(
    slack: SandboxSlack, replies: Replies
) -> None:
    assert not replies.respond("http://127.0.0.1:9/response/nobody", ANSWER)
    taken(slack)

    assert replies.respond(address(slack), ANSWER)
