"""The bot is killed at every step of its work, and loses nothing by it.

`crash_injection.py` numbers the steps: before and after each commit, and around each request to an
API. Here some of them are tried on each database; `make chaos` tries all, and every eighth
while much else goes wrong, too.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos import story, troubled_story
from tests.chaos.supervisor import Supervisor
from tests.processes import Place
from tests.storage import Storage

_STEPS = 200  # a few more than the story has; those behind its end kill nobody
_TROUBLED_STEPS = 260
_EVERY = int(os.environ.get("DBACCESS_CHAOS_EVERY", "50"))


@pytest.fixture
def place(tmp_path: Path, storage: Storage) -> Iterator[Place]:
    place = Place(tmp_path, storage)
    with place.slack, place.digitalocean:
        place.storage.prepare()
        yield place


def test_the_story_has_fewer_steps_than_are_tried(place: Place, tmp_path: Path) -> None:
    log = tmp_path / "steps"
    with Supervisor(place, crash_at=0, log=log) as supervisor:
        story.play(place)
    story.check(place)
    assert supervisor.crashes == 0
    assert 60 < len(log.read_text().splitlines()) < _STEPS


@pytest.mark.parametrize("step", range(1, _STEPS, _EVERY))
def test_nothing_is_lost_by_a_crash(
    place: Place, tmp_path: Path, step: int, record_property: Callable[[str, object], None]
) -> None:
    with Supervisor(place, crash_at=step, log=tmp_path / "steps") as supervisor:
        story.play(place)
    story.check(place)
    record_property("kills", supervisor.crashes)


@pytest.mark.parametrize("step", range(1 + _EVERY, _TROUBLED_STEPS, 8 * _EVERY))
def test_nothing_is_lost_by_a_crash_while_much_else_goes_wrong(
    place: Place, tmp_path: Path, step: int, record_property: Callable[[str, object], None]
) -> None:
    with Supervisor(place, crash_at=step, log=tmp_path / "steps") as supervisor:
        troubled_story.play(place, supervisor)
    story.check(place)
    record_property("kills in trouble", supervisor.crashes)
