"""The bot is killed at every step of its work, and loses nothing by it.

`crash_injection.py` numbers the steps: before and after each commit, and around each request to an
API. Here some of them are tried on each database; `make chaos` tries all.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import story
from tests.chaos.supervisor import Supervisor
from tests.processes import Place
from tests.storage import Storage

_STEPS = 150  # a few more than the story has; those behind its end kill nobody
_EVERY = int(os.environ.get("DBACCESS_CHAOS_EVERY", "25"))


@pytest.fixture
def place(tmp_path: Path, storage: Storage) -> Iterator[Place]:
    place = Place(tmp_path, storage)
    with place.slack, place.digitalocean:
        assert place.run("migrate").returncode == 0
        yield place


def test_the_story_has_fewer_steps_than_are_tried(place: Place, tmp_path: Path) -> None:
    log = tmp_path / "steps"
    with Supervisor(place, crash_at=0, log=log) as supervisor:
        story.play(place)
    story.check(place)
    assert supervisor.crashes == 0
    assert 60 < len(log.read_text().splitlines()) < _STEPS


@pytest.mark.parametrize("step", range(1, _STEPS, _EVERY))
def test_nothing_is_lost_by_a_crash(place: Place, tmp_path: Path, step: int) -> None:
    with Supervisor(place, crash_at=step, log=tmp_path / "steps"):
        story.play(place)
    story.check(place)
