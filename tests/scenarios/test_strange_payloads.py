"""Whatever comes with a valid signature: an answer, nothing granted, nothing taken away."""

import pytest
from flask import Flask
from hypothesis import given

from bot.bootstrap.web import build_app, build_slack
from bot.domain.lifecycle import GrantState, RequestState
from tests.fuzzing import fuzzed
from tests.scenarios.deciding import TRUSTED
from tests.scenarios.strange_payloads import BODIES, Sent
from tests.scenarios.world import RITA, World

pytestmark = pytest.mark.both_databases


@pytest.fixture
def app(world: World) -> Flask:
    """The bot's own WSGI app, asked without a network between."""
    return build_app(world.service.components, build_slack(world.service.components), None)


def send(app: Flask, world: World, sent: Sent) -> tuple[int, str]:
    headers = {"Content-Type": sent.content_type, **world.slack.signed(sent.body)}
    answer = app.test_client().post("/slack/events", data=sent.body, headers=headers)
    return answer.status_code, answer.get_data(as_text=True)


@pytest.mark.timeout(0)
def test_no_payload_is_an_accident_and_none_takes_or_gives_what_it_may_not(
    world: World, app: Flask
) -> None:
    """P4, P8."""
    world.granted(to=RITA)
    world.types(RITA, "request 203.0.113.5 1h orders")
    lent = world.grant(1)

    @fuzzed(400)
    @given(BODIES)
    def whatever_comes(sent: Sent) -> None:
        status, text = send(app, world, sent)
        assert status in (200, 400, 401, 404), (status, text)
        assert "Traceback" not in text
        assert "Something went wrong on my side" not in text

    whatever_comes()
    world.settle()

    assert world.grants() == [lent]
    assert lent.state is GrantState.ACTIVE
    assert world.request(2).state is RequestState.PENDING
    assert TRUSTED in world.sources()
    world.slack.problems.clear()  # forged triggers and users are not Slack's
