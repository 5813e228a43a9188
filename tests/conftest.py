"""What tests of several folders share."""

import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.compiled import compiled_once
from tests.installed import lacking, needed
from tests.postgresql import PostgresServer, binaries

_WAITING = ("browser", "chaos")  # for processes and browsers
_QUICK = {"cli", "domain", "playground", "reporting", "slack", "store", "worker"}
_MEMORY = Path("/dev/shm")  # noqa: S108  # Linux keeps its files in memory
_ROOM = 2 * 1024**3  # bytes; containers have 64 MB there, unless they are told otherwise


# A busy machine is no failure: neither how long an example takes nor how long it takes to make one.
settings.register_profile(
    "patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")


def pytest_configure() -> None:
    """Have all temporary files in memory, where there is room: databases wait for no disk."""
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM:
        os.environ["TMPDIR"] = str(_MEMORY)  # for processes that tests start, too
        tempfile.tempdir = None  # to be found anew


def pytest_collection_finish() -> None:
    """Have the garbage collector pass over what was imported and collected: it stays anyway."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` stands for: the tests wait more than they compute."""
    return (os.cpu_count() or 1) + 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take long first, those that wait spread among those that compute.

    `make test` deals files out in this order: no core is left to waiting, nor to one long file when
    all else is over. Two kinds of files wait, and take turns.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for test in items:
        files.setdefault(test.path, []).append(test)
    quick = [file for file in files if _QUICK.intersection(file.parts)]
    waiting = [[file for file in files if folder in file.parts] for folder in _WAITING]
    computing = [file for file in files if file not in {*quick, *chain(*waiting)}]
    places = {
        file: (place + turn / len(waiting)) / len(group)
        for turn, group in enumerate([*waiting, computing])
        for place, file in enumerate(group)
    }
    order = [*sorted(places, key=places.__getitem__), *quick]
    items[:] = [test for file in order for test in files[file]]


@pytest.fixture(scope="session", autouse=True)
def _statements_are_compiled_once() -> Iterator[None]:
    with compiled_once():
        yield


@pytest.fixture(autouse=True)
def _structlog_as_imported() -> None:
    """Begin each test with structlog's defaults, whatever an earlier one has set up or bound."""
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A PostgreSQL server; where none is installed, tests that need it are skipped, but in CI."""
    programs = binaries()
    if programs is None:
        lacking("PostgreSQL is not installed")
    with PostgresServer(programs) as server:
        yield server


@pytest.fixture(scope="session")
def pgbouncer() -> None:
    """Skip tests that need PgBouncer where it is not installed, but not in CI."""
    needed("pgbouncer", "pgbouncer")
