"""The audit's newest digest is posted to the operators once a day, where nobody rewrites it."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from bot.bootstrap.components import build_components
from bot.bootstrap.worker import build_worker
from bot.domain.audit_chain import Anchor, parse_anchor
from bot.store import audit
from tests.scenarios.world import OPERATIONS, World
from tests.timetable import Timetable, inline

pytestmark = pytest.mark.both_databases

Worlds = Callable[[dict[str, Any]], World]


def posted(world: World) -> list[Anchor]:
    """The anchors in the operators' channel, as an operator copies them, oldest first."""
    found = (re.search(r"--expect (\d+:[0-9a-f]{64})", said) for said in world.operators())
    return [parse_anchor(one[1]) for one in found if one]


def test_once_a_day_whatever_is_restarted_and_the_audit_still_contains_it(world: World) -> None:
    """P6: what was posted stays true."""
    world.granted()
    world.pass_time(minutes=1)
    for _ in range(11):
        world.restart(hours=2)
    assert posted(world) == []
    world.restart(hours=2)
    world.pass_time(hours=2)
    [first] = posted(world)
    world.pass_time(hours=20)
    assert posted(world) == [first]
    world.pass_time(hours=3)

    assert len(posted(world)) == 2
    with world.service.components.database.reading() as session:
        assert audit.verify_chain(session, expected=posted(world)).is_whole


def test_many_workers_post_it_once_between_them(world: World) -> None:
    world.granted()
    others = [build_components(world.settings, world.policy, world.clock) for _ in range(2)]
    workers = [Timetable(build_worker(parts, inline), world.clock) for parts in others]
    settles = [world.settle, *(worker.settle for worker in workers)]
    for settle in settles:
        settle()
    world.clock.advance(hours=25)
    for settle in settles:
        settle()
    for parts in others:
        parts.close()
    assert len(posted(world)) == 1


def test_a_clock_that_was_a_year_ahead_does_not_silence_it_for_a_year(world: World) -> None:
    world.granted()
    world.pass_time(minutes=1)
    world.pass_time(days=365)
    assert len(posted(world)) == 1
    world.pass_time(days=-365)
    world.pass_time(hours=25)
    assert len(posted(world)) > 1


def test_an_audit_that_holds_nothing_yet_has_nothing_to_post(world: World) -> None:
    world.pass_time(days=2)
    assert world.slack.messages(OPERATIONS) == []
