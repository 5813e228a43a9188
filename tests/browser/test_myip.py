"""The page behind an address link, as a browser shows it: wide and narrow, light and dark."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Literal, get_args

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.accessibility import faults_of_access
from tests.browser.conftest import SCREENSHOTS
from tests.browser.visitor import Visitor
from tests.browser.windows import NARROW, WIDE, Windows
from tests.scenarios.open_world import OpenWorld
from tests.scenarios.world import IP, RITA
from tests.storage import SqliteStorage

Scheme = Literal["light", "dark"]
SIGHTS = {
    "usable": IP,
    "ipv6": "2001:db8:85a3:8d3:1319:8a2e:370:7348",
    "private": "10.0.0.7",
    "untold": "unknown",
    "dead": None,
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OpenWorld]:
    """A world whose bot stands behind one proxy: the browser says what the proxy would say."""
    with OpenWorld(SqliteStorage(tmp_path)) as made:
        yield made
        assert made.slack.problems == []


@contextmanager
def browsing(
    windows: Windows, url: str, by: str | None, size: ViewportSize = WIDE
) -> Iterator[Page]:
    """Open a page; the browser must find no fault in it, and ask nobody else for anything."""
    complaints: list[str] = []
    asked: list[str] = []
    with windows.tab(size, headers={"X-Forwarded-For": by or ""}) as page:
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        yield page
    assert [one for one in complaints if not re.search("status of 40[49]", one)] == []
    assert {one for one in asked if not one.startswith("data:")} == {url}


def overflows(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def picture(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"myip-{name}.png", full_page=True)


def url_of(world: OpenWorld, token: str) -> str:
    return f"{world.service.url}/ip/{token}"


@pytest.mark.parametrize("sight", SIGHTS)
def test_each_page_can_be_read_by_everybody(windows: Windows, world: OpenWorld, sight: str) -> None:
    token = world.link() if SIGHTS[sight] else "not.signed"
    with browsing(windows, url_of(world, token), SIGHTS[sight]) as page:
        for size, scheme in product((WIDE, NARROW), get_args(Scheme)):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            expect(page.get_by_role("heading", level=1)).to_have_count(1)
            assert not overflows(page)
            width = page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth")
            assert width != "none"
            picture(page, f"{sight}-{size['width']}-{scheme}")
            assert faults_of_access(page) == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
def test_the_address_is_brought_to_slack_by_keyboard_alone(
    windows: Windows, world: OpenWorld, size: ViewportSize
) -> None:
    with browsing(windows, url_of(world, world.link()), IP, size) as page:
        expect(page.get_by_role("main")).to_contain_text(IP)
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Use this address")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Go back to Slack")).to_be_visible()
        slack = page.get_by_role("link", name="Open Slack")
        assert slack.get_attribute("href") == f"slack://open?team={world.slack.team_id}"
        picture(page, f"done-{size['width']}")
        assert faults_of_access(page) == []
    world.settle()
    assert f"comes from `{IP}`" in world.whispered(RITA)[-1]


def test_an_address_that_changed_is_shown_before_it_is_used(
    windows: Windows, world: OpenWorld
) -> None:
    token = world.link()
    with browsing(windows, url_of(world, token), IP) as page:
        page.context.set_extra_http_headers({"X-Forwarded-For": "198.51.100.9"})
        page.get_by_role("button", name="Use this address").click()
        expect(page.get_by_role("alert")).to_contain_text("Your address has changed")
        expect(page.get_by_role("main")).to_contain_text("198.51.100.9")
        picture(page, "changed")
        assert faults_of_access(page) == []


def test_in_the_playground_the_link_leads_back_to_the_form(visitor: Visitor) -> None:
    visitor.types("/dbaccess myip")
    link = visitor.messages.get_by_role("link").last
    expect(link).to_contain_text("/ip/")
    with visitor.page.context.expect_page() as opened:
        link.click()
    page = opened.value
    expect(page.get_by_role("main")).to_contain_text(IP)
    page.get_by_role("button", name="Use this address").click()
    expect(page.get_by_role("heading", name="Go back to Slack")).to_be_visible()
    page.close()
    visitor.presses(f"Request access from {IP}")
    expect(visitor.modal.get_by_label("Source IP")).to_have_value(IP)


def test_in_the_playground_the_button_opens_the_page_too(visitor: Visitor) -> None:
    visitor.types("/dbaccess myip")
    with visitor.page.context.expect_page() as opened:
        visitor.presses("Show my address")
    expect(opened.value.get_by_role("main")).to_contain_text(IP)
    opened.value.close()
