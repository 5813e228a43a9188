"""Somebody who uses the playground's page with mouse and keyboard."""

import re

from playwright.sync_api import ConsoleMessage, Error, Locator, Page, Request, expect

ASK = "/dbaccess request 203.0.113.4 2h orders fixing the nightly job"

_PATIENCE_MILLISECONDS = 20_000  # the machine may be busy


class Visitor:
    """`went_wrong` holds the browser's own complaints, `asked_elsewhere` requests that leave."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.went_wrong: list[str] = []
        self.asked_elsewhere: list[str] = []
        self._url = url
        page.on("console", self._hear)
        page.on("pageerror", self._fail)
        page.on("request", self._watch)
        page.goto(url)
        expect(page.get_by_role("log")).to_be_visible()

    def becomes(self, name: str) -> None:
        self.page.get_by_role("radio", name=name).check(force=True)
        expect(self.page.locator(".menu-button .avatar")).to_have_text(name[0])

    def goes_to(self, place: str) -> None:
        self._sidebar.get_by_role("button", name=place).click()
        expect(self.page.locator(".channel h2")).to_contain_text(place)

    def types(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")

    def presses(self, button: str) -> None:
        self.messages.get_by_role("button", name=button, exact=True).last.click()

    def opens_thread(self) -> Locator:
        self.messages.get_by_role("button", name=re.compile(r"\d+ repl")).last.click()
        return self.page.get_by_role("complementary", name="Thread")

    def runs_the_clock(self, rate: int) -> None:
        """Let it run so many times as fast."""
        self.clock(rate).check(force=True)
        expect(self.clock(rate)).to_be_checked()

    def clock(self, rate: int) -> Locator:
        return self.page.get_by_role("radio", name=f"{rate}\N{MULTIPLICATION SIGN}", exact=True)

    def breaks(self, api: str, fault: str, times: str = "next call") -> None:
        self.page.get_by_label("How often").select_option(times)
        faults = self.page.get_by_role("group", name=f"Faults of the {api} API")
        faults.get_by_role("button", name=fault, exact=True).click()

    def sees(self, text: str) -> None:
        """Wait until the last message says so."""
        last = self.messages.locator("article").last
        expect(last).to_contain_text(text, timeout=_PATIENCE_MILLISECONDS)

    @property
    def composer(self) -> Locator:
        return self.page.locator(".channel").get_by_role("combobox")

    @property
    def messages(self) -> Locator:
        return self.page.locator(".channel").get_by_role("log")

    @property
    def modal(self) -> Locator:
        return self.page.get_by_role("dialog")

    def rule(self, value: str, cluster: str = "orders") -> Locator:
        there = self.page.get_by_role("region", name=f"Cluster {cluster}")
        return there.get_by_role("listitem").filter(has_text=value)

    def unread(self, place: str) -> Locator:
        return self._sidebar.get_by_role("button", name=place).locator(".count")

    @property
    def _sidebar(self) -> Locator:
        return self.page.get_by_role("navigation", name="People and channels")

    def _hear(self, message: ConsoleMessage) -> None:
        refused = re.search("status of (409|422)", message.text)  # the page tells of these itself
        if message.type in {"error", "warning"} and not refused:
            self.went_wrong.append(message.text)

    def _fail(self, error: Error) -> None:
        self.went_wrong.append(str(error))

    def _watch(self, request: Request) -> None:
        if not request.url.startswith(f"{self._url}/"):
            self.asked_elsewhere.append(request.url)
