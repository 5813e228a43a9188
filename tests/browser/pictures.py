"""Takes the pictures of README.md and docs/ in the playground, and of a report: `make pictures`.

Whatever is on them is found by its role, never by a sentence, so that they follow the bot's words.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, ViewportSize, sync_playwright

from bot.cli.reporting import Wanted, make_report
from dbaccess_playground.demo.stage import playing
from tests.browser.visitor import ASK, Visitor
from tests.browser.windows import FLAGS, WIDE
from tests.scenarios.audited_story import STORY_POLICY, tell
from tests.scenarios.world import World
from tests.storage import SqliteStorage

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def take_all(folder: Path, browser: Browser) -> None:
    """Take every picture into *folder*."""
    for story in (_access, _in_the_dark, _form, _emergency, _report):
        story(browser, folder)


def _access(browser: Browser, folder: Path) -> None:
    """One request, from both sides, until access is open."""
    with _visitor(browser) as visitor:
        visitor.types(ASK)
        visitor.sees("#1")
        _save(folder, "request-sent", visitor.messages.locator("article").last)
        _goes_as(visitor, "Alice", "db-approvals")
        _save(folder, "approval-card", visitor.messages.locator("article").last)
        _approves(visitor, "Alice")
        _goes_as(visitor, "Bob", "db-approvals")
        _approves(visitor, "Bob")
        visitor.rule("203.0.113.4").wait_for()
        visitor.opens_thread().wait_for()
        _save(folder, "playground-thread", visitor.page)
        _goes_as(visitor, "Rita", "dbaccess")
        visitor.messages.get_by_role("button").first.wait_for()
        _save(folder, "access-open", visitor.messages.locator("article").last)
        visitor.presses("Connect")
        visitor.modal.wait_for()
        _save(folder, "connect", visitor.modal)
        visitor.page.keyboard.press("Escape")
        visitor.page.get_by_role("tab", name="Home").click()
        home = visitor.page.get_by_role("tabpanel", name="Home")
        home.get_by_role("button").first.wait_for()
        _save_down_to(home.locator(":scope > *").last, folder, "home", visitor)


def _in_the_dark(browser: Browser, folder: Path) -> None:
    with _visitor(browser, dark=True) as visitor:
        visitor.types(ASK)
        visitor.sees("#1")
        _goes_as(visitor, "Alice", "db-approvals")
        _save(folder, "playground-dark", visitor.page)


def _form(browser: Browser, folder: Path) -> None:
    """The form as the command opens it, filled in with what was typed."""
    with _visitor(browser) as visitor:
        visitor.types("/dbaccess request 203.0.113.4")
        visitor.modal.wait_for()
        _save(folder, "request-form", visitor.modal)


def _emergency(browser: Browser, folder: Path) -> None:
    with _visitor(browser) as visitor:
        visitor.types("/dbaccess emergency 203.0.113.4 30m orders checkout is down")
        visitor.modal.locator("button[type=submit]").click()
        visitor.rule("203.0.113.4").wait_for()
        _goes_as(visitor, "Alice", "db-approvals")
        visitor.messages.locator("article").get_by_role("button").first.wait_for()
        _save(folder, "emergency", visitor.messages.locator("article").last)


def _report(browser: Browser, folder: Path) -> None:
    """The head of an auditor's report on a long story."""
    with tempfile.TemporaryDirectory() as work:
        out = Path(work) / "report.html"
        with World(SqliteStorage(Path(work)), STORY_POLICY) as world:
            wanted = Wanted(tell(world).isoformat(), until=None, cluster=None, out=out)
            make_report(world.settings, world.policy, wanted, world.clock)
        page = browser.new_page(viewport=ViewportSize(width=1280, height=1010))
        page.goto(out.as_uri())
        _save(folder, "report", page)
        page.close()


@contextmanager
def _visitor(browser: Browser, *, dark: bool = False) -> Iterator[Visitor]:
    """Somebody before a playground of their own."""
    window = browser.new_context(
        viewport=WIDE,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="en-US",
    )
    with playing() as playground:
        yield Visitor(window.new_page(), playground.url)
    window.close()


def _goes_as(visitor: Visitor, name: str, place: str) -> None:
    visitor.becomes(name)
    visitor.goes_to(place)


def _approves(visitor: Visitor, name: str) -> None:
    visitor.presses("Approve")
    visitor.sees(f"@{name}")


def _save(folder: Path, name: str, shown: Page | Locator) -> None:
    shown.screenshot(path=folder / f"{name}.png", animations="disabled")


def _save_down_to(last: Locator, folder: Path, name: str, visitor: Visitor) -> None:
    """Save the conversation, without the empty space below its last part."""
    whole, end = visitor.page.locator(".channel").bounding_box(), last.bounding_box()
    assert whole is not None
    assert end is not None
    height = end["y"] + end["height"] + 16 - whole["y"]
    visitor.page.screenshot(
        path=folder / f"{name}.png",
        clip={"x": whole["x"], "y": whole["y"], "width": whole["width"], "height": height},
    )


if __name__ == "__main__":
    found = shutil.which("chromium")
    if found is None:
        sys.exit("there is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        take_all(IMAGES, playwright.chromium.launch(executable_path=found, args=FLAGS))
