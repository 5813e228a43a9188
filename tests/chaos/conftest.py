"""Both databases are tried, and a failure reports logs, steps and rows."""

from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter
from sqlalchemy.exc import SQLAlchemyError

from tests.chaos import report
from tests.processes import Place
from tests.storage import Storage, storage_of

_LAST_LINES = 40
_FAILED = "scenarios with a violation"


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return storage_of(request.param, request, tmp_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the processes logged and what the database holds to the report of a failure."""
    outcome = yield
    place = getattr(item, "funcargs", {}).get("place")
    if outcome.when == "call" and outcome.failed and isinstance(place, Place):
        outcome.sections.extend(_sections(place))
    return outcome


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print what happened in all tests together: scenarios, faults by kind, crashes."""
    counts: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report_ in terminalreporter.stats.get(outcome, []):
            if isinstance(report_, pytest.TestReport) and report_.when == "call":
                counted = {what: n for what, n in report_.user_properties if isinstance(n, int)}
                counts.update(counted)
                counts[_FAILED] += outcome == "failed" and bool(counted)
    if counts:
        terminalreporter.section("chaos")
        for what, count in sorted(counts.items()):
            terminalreporter.write_line(f"{count:8,} {what}")


def _sections(place: Place) -> Iterator[tuple[str, str]]:
    for process in place.processes:
        state = "frozen" if process.lives and process.stands_still else "alive"
        title = f"process {process.pid} ({state if process.lives else 'gone'})"
        yield title, "".join(process.lines[-_LAST_LINES:])
    for steps in sorted(place.folder.glob("steps*")):
        yield steps.name, "\n".join(steps.read_text().splitlines()[-_LAST_LINES:])
    try:
        yield "database", "\n".join(report.dump(place))
    except SQLAlchemyError as error:
        yield "database", f"cannot be read: {error}"
