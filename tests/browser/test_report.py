"""The auditor's report in a real browser: from a file, for everybody, and on paper."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from bot.reporting.drawing import draw
from bot.reporting.lanes import Row
from bot.reporting.page import render
from bot.reporting.reading import read_report
from bot.store import schema
from bot.store.database import Database
from bot.store.report_queries import Period
from tests.browser.accessibility import faults_of_access
from tests.browser.windows import NARROW, WIDE, Windows
from tests.reporting.many import lend

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MONTH = Period(NOW - timedelta(days=30), NOW)


@pytest.fixture(scope="module", params=[5, 60])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a month with so many grants."""
    folder = tmp_path_factory.mktemp("report")
    database = Database(f"sqlite:///{folder / 'dbaccess.db'}")
    schema.upgrade(database)
    lend(database, request.param, since=MONTH.since, days=30, people=40)
    with database.one_moment() as session:
        report = read_report(session, MONTH, installation="prod", now=NOW)
    database.close()

    def drawn(rows: list[Row], number: int, title: str) -> str:
        return draw(rows, MONTH, number=number, title=title, name_of=str)

    out = folder / "report.html"
    out.write_text(render(report, drawn, name_of=str), encoding="utf-8")  # type: ignore[arg-type]
    return out


@pytest.fixture
def page(windows: Windows, file: Path) -> Iterator[Page]:
    went_wrong: list[str] = []
    asked: list[str] = []
    with windows.tab() as page:
        page.on("console", lambda message: went_wrong.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        yield page
    assert went_wrong == []
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_report_is_accessible_and_needs_no_sideways_scrolling(
    page: Page, size: dict[str, int]
) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]

    assert faults_of_access(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_is_printed_on_a4_with_nothing_cut_off_at_the_side(page: Page) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1032, "height": 703})  # A4 landscape within its margins

    cut = (
        "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth).length"
    )
    assert page.evaluate(cut) == 0
    paper = page.pdf(prefer_css_page_size=True)
    boxes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper))
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {(842, 595)}
