"""An issuer of machines' tokens that is away: told after a while, ever less often, and its end."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.machines.issuer import AUDIENCE, OidcIssuer, serving
from tests.scenarios.world import ORDERS, World, policy

pytestmark = pytest.mark.both_databases

Worlds = Callable[[dict[str, Any]], World]


@pytest.fixture
def issuer() -> Iterator[OidcIssuer]:
    with serving(OidcIssuer()) as one:
        yield one


def ruled(issuer: OidcIssuer, *, named: str = "ci", **orders: Any) -> dict[str, Any]:
    written = {"machines": [f"{named}:nightly"], "max_duration": "30m"}
    return policy({"orders": {"id": ORDERS, "auto_approve": [written], **orders}}) | {
        "machines": {
            "ci": {"issuer": issuer.url, "audience": AUDIENCE},
            "spare": {"issuer": "http://127.0.0.1:9", "audience": AUDIENCE},
        }
    }


def minutes_alarmed(
    world: World, until: int, restart_at: int | None = None, every: int = 5
) -> list[int]:
    """Let that many minutes pass; return those in which the operators were told something."""
    told = []
    for minute in range(every, until + 1, every):
        before = len(world.operators())
        if minute == restart_at:
            world.restart(minutes=every)
        else:
            world.pass_time(minutes=every)
        if len(world.operators()) > before:
            told.append(minute)
    return told


def test_operators_hear_of_an_issuer_that_is_away_and_of_its_end_over_a_restart(
    worlds: Worlds, issuer: OidcIssuer
) -> None:
    world = worlds(ruled(issuer))
    world.pass_time(minutes=6)
    assert world.operators() == []  # nobody needs `spare`, which is not there at all

    issuer.is_away = True
    assert minutes_alarmed(world, 25, restart_at=20) == [10, 15, 25]
    assert all("Can't read the keys of `ci`" in told for told in world.operators())
    assert "answered 503" in world.operators()[0]
    [first, *_] = world.audit_rows("issuer.alarmed")
    assert first.detail["issuer"] == "ci"

    issuer.is_away = False
    world.pass_time(minutes=1)
    assert "The keys of `ci` can be read again." in world.operators()[-1]
    assert len(world.audit_rows("issuer.back")) == 1
    before = len(world.operators())
    assert minutes_alarmed(world, 10) == []
    assert len(world.operators()) == before


def test_a_short_outage_and_one_that_nobody_cares_for_any_more_are_not_told_of(
    worlds: Worlds, issuer: OidcIssuer
) -> None:
    issuer.is_away = True
    world = worlds(ruled(issuer))
    world.pass_time(minutes=4)
    issuer.is_away = False
    assert minutes_alarmed(world, 10) == []

    issuer.is_away = True
    assert minutes_alarmed(world, 10) == [10]
    world.govern(policy())
    assert minutes_alarmed(world, 10) == []


def test_a_cluster_that_cannot_wait_has_it_told_sooner(worlds: Worlds, issuer: OidcIssuer) -> None:
    issuer.is_away = True
    world = worlds(ruled(issuer, alarm_after="2m"))
    assert minutes_alarmed(world, 4, every=1)[:1] == [3]
