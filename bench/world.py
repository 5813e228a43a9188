"""A bot whose clock stands still until it is moved: for counting calls, not for timing."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.scenarios.world import World
from tests.storage import SqliteStorage


@contextmanager
def still_world() -> Iterator[World]:
    """Yield a world with one cluster, whose first look at it is over."""
    with (
        tempfile.TemporaryDirectory(prefix="dbaccess-bench-") as folder,
        World(SqliteStorage(Path(folder))) as world,
    ):
        yield world


def methods(world: World, *, since: int = 0) -> list[str]:
    """Return the methods of all calls of DigitalOcean's API, but for the first so many."""
    return [call.method for call in world.digitalocean.calls[since:]]
