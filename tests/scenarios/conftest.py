"""Each scenario has a world of its own, and Slack must have found no fault in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with one cluster, `orders`, and the approvers Alice and Bob."""
    with World(tmp_path) as made:
        yield made
        assert made.slack.problems == []


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Callable[[dict[str, Any]], World]]:
    """Worlds under another policy."""
    made: list[World] = []

    def make(policy: dict[str, Any]) -> World:
        made.append(World(tmp_path, policy).__enter__())
        return made[-1]

    yield make
    for one in made:
        one.__exit__()
        assert one.slack.problems == []
