"""The service levels of docs/compliance.md: at 200 ms a call, and however much ends together."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.labels import read_label
from bot.domain.lifecycle import GrantState
from dbaccess_playground.digitalocean.sandbox import utc_now
from dbaccess_playground.faults import Fault
from tests.processes import Place
from tests.scenarios.world import ALICE, IP, ORDERS, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]
PAGE = (Path(__file__).parents[2] / "docs" / "compliance.md").read_text()


def promised(row: str) -> timedelta:
    """What the page promises about `row`, while DigitalOcean answers."""
    line = rf"^\| {row} .*\| (\d+) s while DigitalOcean answers \|$"
    (seconds,) = re.findall(line, PAGE, re.MULTILINE)
    return timedelta(seconds=int(seconds))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    with place.slack, place.digitalocean:
        place.digitalocean.faults.add(Fault.slow(0.2, times=None))
        yield place
        for process in place.processes:
            process.kill()


def changes(place: Place) -> list[tuple[datetime, str | None]]:
    """When the rules changed, and what the rule of ours said then, if it was there."""
    return [
        (at, next((str(rule["description"]) for rule in rules if rule["value"] == IP), None))
        for at, rules in place.digitalocean.history(ORDERS)
    ]


def test_access_opens_and_ends_within_what_is_promised_at_200_ms_a_call(place: Place) -> None:
    place.serve()
    place.types(f"request {IP} 3s orders")
    card, clicked_at = place.card(), utc_now()
    place.slack.click(ALICE, card, "Approve")
    place.until_it_ended()

    _, (opened_at, label), (removed_at, gone) = changes(place)
    until = read_label(label)
    assert until is not None
    assert gone is None
    assert opened_at - clicked_at < promised("the last approval to the rule")
    assert removed_at - until.until < promised("the end to the call that removes the rule")


@pytest.mark.parametrize("together", [1, 12])
def test_however_much_ends_together_takes_three_calls(worlds: Worlds, together: int) -> None:
    world = worlds(policy(max_live_grants=50, max_open_requests=50))
    for number in range(together):
        world.pass_time(seconds=10)  # Slack takes few messages a second
        world.types(RITA, f"request 203.0.113.{number} 2h orders")
        world.presses(ALICE, world.card, "Approve")
    world.pass_time(minutes=5)
    before = len(world.digitalocean.calls)

    world.pass_time(hours=2)

    calls = [call.method for call in world.digitalocean.calls[before:]]
    assert {grant.state for grant in world.grants()} == {GrantState.ENDED}
    assert calls == ["GET", "PUT", "GET"]
