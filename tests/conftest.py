"""What tests of several folders share."""

import os
from collections.abc import Iterator

import pytest

from tests.compiled import compiled_once
from tests.postgresql import PostgresServer, binaries


def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` stands for: the tests wait as much as they compute."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session", autouse=True)
def _statements_are_compiled_once() -> Iterator[None]:
    with compiled_once():
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A PostgreSQL server; where none is installed, tests that need it are skipped, but in CI."""
    programs = binaries()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed, and in CI it must be")
        pytest.skip("PostgreSQL is not installed")
    with PostgresServer(programs) as server:
        yield server
