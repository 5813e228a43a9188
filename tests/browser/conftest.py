"""A real Chromium, and for each test a company of its own at play."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from dbaccess_playground.demo.stage import playing
from tests.browser.visitor import Visitor
from tests.browser.windows import FLAGS, WIDE, Windows
from tests.installed import needed

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"

Visit = Callable[..., Visitor]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = needed("chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Windows:
    return Windows(browser)


@pytest.fixture
def visit(windows: Windows, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Opens the page, wide or narrow, light or dark; leaves a picture of how it ended."""
    visitors: list[Visitor] = []
    with playing() as playground, ExitStack() as tabs:

        def open_page(size: ViewportSize = WIDE, *, dark: bool = False) -> Visitor:
            page = tabs.enter_context(windows.tab(size, dark=dark))
            visitors.append(Visitor(page, playground.url))
            return visitors[-1]

        yield open_page
        SCREENSHOTS.mkdir(exist_ok=True)
        name = request.node.name.replace("/", "-")
        for number, visitor in enumerate(visitors):
            visitor.page.screenshot(path=SCREENSHOTS / f"{name}{number or ''}.png")
    for visitor in visitors:
        assert visitor.went_wrong == []
        assert visitor.asked_elsewhere == []


@pytest.fixture
def visitor(visit: Visit) -> Visitor:
    """Somebody before the page, as wide as a small laptop."""
    return visit()
