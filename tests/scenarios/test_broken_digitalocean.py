"""Every way in which DigitalOcean's API can be broken: at the start, in the middle, at the end.

Whatever it says meanwhile, nothing foreign is lost, no list is emptied, nobody is told what is not
so, and once it is well again all is as it should be.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.lifecycle import EndReason, GrantState
from dbaccess_playground.faults import Fault
from tests.scenarios.world import ALICE, ANALYTICS, IP, ORDERS, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]
TRUSTED = f"ip_addr:{IP}"
TWO_CLUSTERS = policy({"orders": {"id": ORDERS}, "analytics": {"id": ANALYTICS}})
ONE_RULE = {"uuid": "u", "type": "ip_addr", "value": "198.51.100.7"}


def said(body: object, **more: Any) -> Callable[..., Fault]:
    text = body if isinstance(body, str) else json.dumps(body)
    return lambda **aim: Fault.answer(text, **more, **aim)


BROKEN: dict[str, Callable[..., Fault]] = {
    "time-out": Fault.hang,
    "reset": Fault.reset,
    "429": lambda **aim: Fault.status(429, **aim),
    "429-retry-after": lambda **aim: Fault.status(429, retry_after=30, **aim),
    "500": lambda **aim: Fault.status(500, **aim),
    "401": lambda **aim: Fault.status(401, **aim),
    "404": lambda **aim: Fault.status(404, **aim),
    "lost-answer": lambda **aim: Fault.lost_answer(**aim),
    "slow": lambda **aim: Fault.slow(0.02, **aim),
    "body-shorter-than-announced": Fault.half_body,
    "truncated-json": said(json.dumps({"rules": [ONE_RULE]})[:-9]),
    "html": said("<html>Sign in</html>", content_type="text/html"),
    "html-502": said("<html>Bad gateway</html>", code=502, content_type="text/html"),
    "no-rules": said({"rules": None}),
    "other-shape": said({"firewall": [ONE_RULE]}),
    "rule-without-a-type": said({"rules": [ONE_RULE, {"uuid": "v", "value": "backend"}]}),
    "nothing": said(""),
}


@pytest.fixture(params=list(BROKEN))
def fault(request: pytest.FixtureRequest) -> Callable[..., Fault]:
    return BROKEN[request.param]


def suffer(world: World, fault: Callable[..., Fault]) -> None:
    """Let all calls for `orders` go wrong for some minutes."""
    world.digitalocean.faults.add(fault(target=ORDERS, times=None))
    for seconds in (1, 20, 120):
        world.pass_time(seconds=seconds)


def heal(world: World) -> None:
    world.digitalocean.faults.clear()
    for _ in range(3):
        world.pass_time(seconds=60)


def foreign(world: World) -> list[dict[str, str]]:
    return [rule for rule in world.digitalocean.rules(ORDERS) if rule["value"] != IP]


def assert_all_is_told_once(world: World) -> None:
    for words in ("You can connect", "has ended"):
        assert sum(words in heard for heard in world.heard(RITA)) == 1, world.heard(RITA)


def test_a_grant_survives_it_while_it_is_applied_kept_and_removed(
    worlds: Worlds, fault: Callable[..., Fault]
) -> None:
    world = worlds(TWO_CLUSTERS)
    world.client_waits_for_nothing(timeout_seconds=0.3)
    world.restart()
    before = foreign(world)
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.click(ALICE, world.card, "Approve")
    suffer(world, fault)
    heal(world)
    assert world.grant().state is GrantState.ACTIVE
    assert TRUSTED in world.sources()

    world.pass_time(minutes=10)
    suffer(world, fault)
    assert world.grant().state is GrantState.ACTIVE, "a broken answer is no rule taken away"
    heal(world)
    assert TRUSTED in world.sources()
    assert world.grant().state is GrantState.ACTIVE

    world.clock.advance(hours=2)
    suffer(world, fault)
    heal(world)
    assert world.grant().end_reason is EndReason.EXPIRED
    assert world.grant().state is GrantState.ENDED
    assert foreign(world) == before == world.digitalocean.rules(ORDERS)
    assert not world.digitalocean.ever_empty(ORDERS)
    assert_all_is_told_once(world)


@pytest.mark.parametrize("kind", ["time-out", "429-retry-after", "401", "lost-answer", "html"])
def test_a_cluster_whose_answers_are_broken_does_not_touch_the_other(
    worlds: Worlds, kind: str
) -> None:
    fault = BROKEN[kind]
    world = worlds(TWO_CLUSTERS)
    world.client_waits_for_nothing(timeout_seconds=0.3)
    world.restart()
    world.types(RITA, f"request {IP} 1h orders")
    world.slack.click(ALICE, world.card, "Approve")
    suffer(world, fault)
    world.types(RITA, f"request {IP} 1h analytics")
    world.presses(ALICE, world.card, "Approve")
    if kind == "429-retry-after":  # the rate limit is one for all clusters
        assert TRUSTED not in world.sources(ANALYTICS)
        for _ in range(20):  # the broken one may come first, and spend it again
            if TRUSTED not in world.sources(ANALYTICS):
                world.pass_time(seconds=45)
    assert TRUSTED in world.sources(ANALYTICS)
    world.pass_time(hours=1, minutes=2)
    world.pass_time(minutes=2)
    assert TRUSTED not in world.sources(ANALYTICS)
    assert not any("analytics" in told for told in world.operators())
    world.digitalocean.faults.clear()
