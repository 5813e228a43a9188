"""The pictures of the documentation: each can be taken anew, and each is shown on a page."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.pictures import IMAGES, take_all

ROOT = IMAGES.parents[1]


@pytest.mark.timeout(120)
def test_every_picture_on_a_page_is_one_that_the_command_takes(
    browser: Browser, tmp_path: Path
) -> None:
    take_all(tmp_path, browser)
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    shown = {name for page in pages for name in re.findall(r"images/(\S+\.png)", page.read_text())}
    taken = {one.name for one in tmp_path.iterdir()}
    assert shown == taken
    assert {one.name for one in IMAGES.glob("*.png")} == shown
