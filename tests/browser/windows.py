"""A browser's windows, which stay open from test to test: each test has tabs of its own in them.

A tab costs half of what a window costs. Nothing is left behind in a window: what a page remembers
goes with its tab, and our pages set no cookie.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDE, NARROW = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)


class Windows:
    """As many windows as are looked at at once; they share neither cookies nor storage."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: list[BrowserContext] = []

    @contextmanager
    def tab(
        self,
        size: ViewportSize = WIDE,
        *,
        dark: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Iterator[Page]:
        """Open an empty tab in a window of its own, which sends these headers besides."""
        window = self._idle.pop() if self._idle else self._open()
        window.set_extra_http_headers(headers or {})
        page = window.new_page()
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        page.set_default_timeout(20_000)
        try:
            yield page
        finally:
            for tab in window.pages[1:]:
                tab.close()
        assert window.cookies() == []
        self._idle.append(window)

    def _open(self) -> BrowserContext:
        window = self._browser.new_context()
        window.new_page()  # keeps it open
        return window
