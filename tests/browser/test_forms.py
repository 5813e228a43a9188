"""The form that asks for access, in a browser: choices follow from choices, things have names."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.accessibility import faults_of_access
from tests.browser.conftest import SCREENSHOTS, Visit
from tests.browser.visitor import Visitor
from tests.browser.windows import NARROW, WIDE


def opens_form(visitor: Visitor) -> None:
    visitor.types("/dbaccess")
    expect(visitor.modal).to_be_visible()


def chooses(visitor: Visitor, field: str, value: str) -> None:
    visitor.modal.get_by_label(field, exact=True).select_option(label=value)


def durations(visitor: Visitor) -> Locator:
    return visitor.modal.get_by_label(re.compile("^Duration")).locator("option")


def source(visitor: Visitor) -> Locator:
    return visitor.modal.get_by_label(re.compile("^(Source IP|Droplet|Tag|App)"))


def offers(visitor: Visitor) -> Locator:
    return visitor.modal.get_by_role("listbox", name="Suggestions").get_by_role("option")


def picture(visitor: Visitor, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    size = visitor.page.viewport_size
    width = size["width"] if size else 0
    visitor.page.screenshot(path=SCREENSHOTS / f"forms-{name}-{width}.png")


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
def anybody(visit: Visit, request: pytest.FixtureRequest) -> Visitor:
    """Somebody before the page, on a laptop or a telephone."""
    return visit(request.param)


def test_a_droplet_is_chosen_by_its_name(anybody: Visitor) -> None:
    opens_form(anybody)
    chooses(anybody, "Cluster", "analytics")
    chooses(anybody, "Source type", "Droplet")
    expect(source(anybody)).to_have_attribute("placeholder", "Search Droplets")
    source(anybody).click()
    expect(offers(anybody).filter(has_text="shop-web-2")).to_be_visible()
    picture(anybody, "droplets")
    assert faults_of_access(anybody.page) == []

    source(anybody).fill("report")
    offers(anybody).filter(has_text="report-builder").click()
    anybody.modal.get_by_label("Reason").fill("monthly numbers")
    picture(anybody, "filled")
    anybody.modal.get_by_role("button", name="Request", exact=True).click()

    expect(anybody.modal).to_have_count(0)
    anybody.sees("report-builder")


def test_a_machine_is_chosen_by_keyboard_alone(visitor: Visitor) -> None:
    opens_form(visitor)
    chooses(visitor, "Cluster", "analytics")
    chooses(visitor, "Source type", "Tag")
    expect(source(visitor)).to_have_attribute("placeholder", "Search tags")
    source(visitor).press("ArrowDown")
    expect(offers(visitor).first).to_contain_text("backend")
    source(visitor).press("ArrowDown")
    source(visitor).press("Enter")
    expect(source(visitor)).to_have_value("reporting")


def test_another_cluster_changes_the_durations_and_keeps_the_rest(anybody: Visitor) -> None:
    opens_form(anybody)
    source(anybody).fill("203.0.113.4")
    anybody.modal.get_by_label("Reason").fill("monthly numbers")
    chooses(anybody, "Cluster", "orders")
    expect(anybody.modal.get_by_text("Max 4h")).to_be_visible()
    picture(anybody, "orders")

    chooses(anybody, "Cluster", "analytics")

    expect(durations(anybody).last).to_have_text("2d")
    expect(anybody.modal.get_by_label(re.compile("^Duration"))).to_have_value("1h")
    expect(source(anybody)).to_have_value("203.0.113.4")
    expect(anybody.modal.get_by_label("Reason")).to_have_value("monthly numbers")
    picture(anybody, "analytics")
    assert faults_of_access(anybody.page) == []


def test_of_choices_made_in_a_hurry_the_last_counts(visitor: Visitor) -> None:
    opens_form(visitor)
    for _ in range(5):
        chooses(visitor, "Cluster", "orders")
        chooses(visitor, "Cluster", "analytics")
    expect(durations(visitor).last).to_have_text("2d")


def test_what_is_wrong_with_a_choice_is_said_at_its_field(visitor: Visitor) -> None:
    opens_form(visitor)
    chooses(visitor, "Cluster", "orders")
    source(visitor).fill("203.0.113.4")
    visitor.modal.get_by_label("Custom duration").fill("5h")
    visitor.modal.get_by_role("button", name="Request", exact=True).click()
    expect(visitor.modal.get_by_role("alert")).to_contain_text("This cluster allows at most 4h")
    picture(visitor, "error")


def test_the_shortcut_opens_the_form(anybody: Visitor) -> None:
    anybody.page.get_by_role("button", name="Shortcuts").focus()
    anybody.page.keyboard.press("Enter")
    choice = anybody.page.get_by_role("menuitem", name="Request database access")
    expect(choice).to_be_focused()
    picture(anybody, "shortcut")
    assert faults_of_access(anybody.page) == []
    anybody.page.keyboard.press("Enter")

    expect(anybody.modal).to_contain_text("Request access")


def test_a_list_that_cannot_be_had_says_so(visitor: Visitor) -> None:
    visitor.breaks("DigitalOcean", "500", "until cleared")
    bot = visitor.page.get_by_role("switch", name="Bot")
    for state in ("false", "true"):  # it remembers no names when it starts
        bot.click()
        expect(bot).to_have_attribute("aria-checked", state)
    opens_form(visitor)
    chooses(visitor, "Cluster", "analytics")
    chooses(visitor, "Source type", "App")
    expect(source(visitor)).to_have_attribute("placeholder", "Search apps")
    source(visitor).click()
    notice = offers(visitor)
    expect(notice).to_have_text("DigitalOcean does not answer: write app:UUID as a command")
    picture(visitor, "not-listed")

    notice.click()
    visitor.modal.get_by_role("button", name="Request", exact=True).click()

    expect(visitor.modal.get_by_role("alert")).to_contain_text("/dbaccess request app:UUID")


def test_an_emergency_offers_only_short_times(visitor: Visitor) -> None:
    visitor.types("/dbaccess emergency 203.0.113.4 15m orders all is lost")
    expect(visitor.modal).to_be_visible()
    expect(durations(visitor).last).to_have_text("30m")
    expect(visitor.modal.get_by_label(re.compile("^Duration"))).to_have_value("15m")
    picture(visitor, "emergency")
