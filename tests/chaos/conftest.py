"""Chaos happens on both databases, and what fails leaves its papers behind."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError

from tests.chaos import books
from tests.processes import Place
from tests.storage import Storage, storage_of

_LAST_LINES = 40


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return storage_of(request.param, request, tmp_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the processes logged and what their books say to the report of a failure."""
    report = yield
    place = getattr(item, "funcargs", {}).get("place")
    if report.when == "call" and report.failed and isinstance(place, Place):
        report.sections.extend(_papers(place))
    return report


def _papers(place: Place) -> Iterator[tuple[str, str]]:
    for process in place.processes:
        state = "frozen" if process.lives and process.stands_still else "alive"
        title = f"process {process.pid} ({state if process.lives else 'gone'})"
        yield title, "".join(process.lines[-_LAST_LINES:])
    for steps in sorted(place.folder.glob("steps*")):
        yield steps.name, "\n".join(steps.read_text().splitlines()[-_LAST_LINES:])
    try:
        yield "books", "\n".join(books.told(place))
    except SQLAlchemyError as error:
        yield "books", f"not to be read: {error}"
