"""A form that comes too late is not opened; the person gets an answer instead."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from time import monotonic

import pytest

from bot.slack.client import NO_ANSWER, web_client
from bot.slack.inbound.background_tasks import BackgroundTasks
from bot.slack.inbound.payloads import Interaction
from bot.slack.messages import Message
from bot.slack.outbound.replies import Replies
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.sandbox import SandboxSlack
from tests.waiting import eventually

RITA = "U0RITA"
SORRY = Message("The form did not open.", [])
VIEW = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Access"},
    "blocks": [{"type": "divider"}],
}


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    with SandboxSlack() as slack:
        slack.add_user(RITA, "rita")
        yield slack


@pytest.fixture
def background(slack: SandboxSlack) -> Iterator[BackgroundTasks]:
    client = web_client(slack.bot_token, slack.api_url, timeout_seconds=1)
    tasks = BackgroundTasks(client, client, Replies(client, monotonic))
    yield tasks
    tasks.close()


@pytest.fixture
def asked(slack: SandboxSlack) -> Interaction:
    gone = f"{slack.url}/response/used-up"
    return Interaction(RITA, slack.team_id, "C0GENERAL", "command:1", "1.2.3", gone)


def test_a_form_that_comes_too_late_is_not_opened_but_answered(
    slack: SandboxSlack, background: BackgroundTasks, asked: Interaction
) -> None:
    late = replace(asked, received_at=monotonic() - 3)

    background.open_view(VIEW, late, otherwise=SORRY)

    [told] = eventually(lambda: slack.dms(RITA))
    assert told.text == SORRY.text
    assert "views.open" not in [call.method for call in slack.calls]


def test_a_form_that_slack_does_not_open_is_answered_too(
    slack: SandboxSlack, background: BackgroundTasks, asked: Interaction
) -> None:
    background.open_view(VIEW, replace(asked, response_url=None), otherwise=SORRY)

    [told] = eventually(lambda: slack.dms(RITA))
    assert told.text == SORRY.text
    assert [call.method for call in slack.calls] == ["views.open", "chat.postMessage"]


def test_forms_wait_for_nothing_but_forms(
    slack: SandboxSlack, background: BackgroundTasks, asked: Interaction
) -> None:
    slack.faults.add(Fault.hang(target="users.info", times=None))
    client = web_client(slack.bot_token, slack.api_url, timeout_seconds=10)

    def wait() -> None:
        with suppress(*NO_ANSWER):
            client.users_info(user=RITA)

    for number in range(40):
        background.look_up(wait)
        background.make_page(f"cluster-{number}", wait)
    eventually(lambda: slack.faults.hanging >= 2)

    began = monotonic()
    background.open_view(VIEW, asked, otherwise=SORRY)
    eventually(lambda: "views.open" in [call.method for call in slack.calls])
    assert monotonic() - began < 2
