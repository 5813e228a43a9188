"""The page as a small Slack and a small DigitalOcean: what it shows, and how it is reached."""

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import faults_of_access
from tests.browser.conftest import Visit
from tests.browser.visitor import ASK, Visitor
from tests.browser.windows import NARROW, WIDE


def test_subcommands_are_completed_by_keyboard_alone(visitor: Visitor) -> None:
    composer = visitor.composer
    composer.press_sequentially("/dba")
    expect(visitor.page.get_by_role("option").first).to_contain_text("request <source>")
    composer.press("ArrowDown")
    composer.press("ArrowUp")
    composer.press("Tab")
    expect(composer).to_have_value("/dbaccess request ")
    composer.fill("/dbaccess cl")
    composer.press("Enter")
    expect(composer).to_have_value("/dbaccess clusters")
    composer.press("Enter")
    visitor.sees("2 approvals from @Alice, @Bob, @Carol")
    composer.press("ArrowUp")
    expect(composer).to_have_value("/dbaccess clusters")


def test_the_tour_leads_through_the_first_story(visitor: Visitor) -> None:
    tour = visitor.page.get_by_role("complementary", name="First steps")
    tour.get_by_role("button").first.click()
    expect(visitor.composer).to_have_value(ASK)
    visitor.composer.press("Enter")
    for approver in ("Alice", "Bob"):
        tour.get_by_role("button", name=approver).click()
        expect(visitor.page.get_by_role("radio", name=approver)).to_be_checked()
        visitor.presses("Approve")
        visitor.sees(f"@{approver}")
    expect(visitor.rule("203.0.113.4")).to_be_visible()
    tour.get_by_role("button", name="let the clock run").click()
    expect(visitor.clock(600)).to_be_checked()
    tour.get_by_role("button", name="Close the first steps").click()
    expect(tour).to_have_count(0)


def test_what_one_has_not_read_is_marked_for_each_person(visitor: Visitor) -> None:
    visitor.types(ASK)
    expect(visitor.unread("db-approvals")).to_contain_text("1")
    visitor.goes_to("db-approvals")
    expect(visitor.unread("db-approvals")).to_have_count(0)
    visitor.becomes("Carol")
    expect(visitor.messages).to_contain_text("New")
    visitor.goes_to("general")
    expect(visitor.unread("db-approvals")).to_have_count(0)


def test_a_second_window_follows_without_reloading(visit: Visit) -> None:
    rita, alice = visit(), visit()
    alice.becomes("Alice")
    alice.goes_to("db-approvals")
    rita.types(ASK)
    alice.sees("fixing the nightly job")
    rita.types("thank you <3 & good night")
    alice.goes_to("general")
    alice.sees("thank you <3 & good night")


def test_people_see_the_channels_they_are_in(visitor: Visitor) -> None:
    channels = visitor.page.get_by_role("navigation", name="People and channels")
    expect(channels.get_by_role("button", name="ops")).to_be_visible()
    visitor.becomes("Gita")
    expect(channels.get_by_role("button", name="ops")).to_have_count(0)


def test_the_home_tab_shows_what_waits_and_its_buttons_act(visitor: Visitor) -> None:
    visitor.types("/dbaccess request 203.0.113.9 1h analytics numbers")
    visitor.becomes("Carol")
    visitor.goes_to("dbaccess")
    visitor.page.get_by_role("tab", name="Home").click()
    home = visitor.page.get_by_role("tabpanel", name="Home")
    expect(home).to_contain_text("Waiting for you")
    home.get_by_role("button", name="Approve").click()
    expect(visitor.rule("203.0.113.9", "analytics")).to_contain_text("ours")


def test_a_colleagues_rules_come_and_go_and_doctl_drops_descriptions(visitor: Visitor) -> None:
    orders = visitor.page.get_by_role("region", name="Cluster orders")
    orders.get_by_text("Add one by hand").click()
    orders.get_by_label("Source for orders", exact=True).fill("fe80::1")
    orders.get_by_role("button", name="Add", exact=True).click()
    expect(orders.get_by_role("alert")).to_contain_text("IPv6 addresses are not supported")
    orders.get_by_label("Source for orders", exact=True).fill("203.0.113.77")
    orders.get_by_label("Description for orders").fill("a colleague")
    orders.get_by_role("button", name="Add", exact=True).click()
    expect(visitor.rule("203.0.113.77")).to_contain_text("foreign")
    expect(visitor.rule("203.0.113.77")).to_contain_text("a colleague")

    visitor.page.get_by_role("radio", name="doctl").check()
    orders.get_by_role("button", name="Remove tag:backend").click()
    expect(visitor.rule("backend")).to_have_count(0)
    expect(visitor.rule("203.0.113.77")).to_contain_text("no description")
    for source in ("198.51.100.7", "203.0.113.77"):
        orders.get_by_role("button", name=f"Remove ip_addr:{source}").click()
    expect(orders.get_by_role("alert")).to_contain_text("open to the whole internet")


def test_a_reply_goes_into_the_thread(visitor: Visitor) -> None:
    visitor.messages.get_by_role("button", name="Reply in thread to Alice").click(force=True)
    thread = visitor.page.get_by_role("complementary", name="Thread")
    thread.get_by_role("combobox").fill("I look into it")
    thread.get_by_role("combobox").press("Enter")
    expect(thread.get_by_role("log")).to_contain_text("I look into it")
    expect(visitor.messages).to_contain_text("1 reply")
    visitor.page.keyboard.press("Escape")
    expect(thread).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_wide_page_is_accessible(visit: Visit, dark: bool) -> None:
    visitor = visit(WIDE, dark=dark)
    visitor.types(ASK)
    visitor.sees("Request #1")
    visitor.breaks("DigitalOcean", "429")
    assert faults_of_access(visitor.page) == []
    visitor.composer.press_sequentially("/dbaccess r")
    expect(visitor.page.get_by_role("option").first).to_be_visible()
    assert faults_of_access(visitor.page) == []
    visitor.composer.fill("")
    visitor.becomes("Alice")
    visitor.goes_to("db-approvals")
    visitor.presses("Deny")
    visitor.modal.get_by_role("button", name="Deny").click()
    assert faults_of_access(visitor.page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_narrow_page_is_accessible_and_needs_no_sideways_scrolling(
    visit: Visit, dark: bool
) -> None:
    visitor = visit(NARROW, dark=dark)
    page = visitor.page
    visitor.types(ASK)
    visitor.sees("Request #1")
    assert faults_of_access(visitor.page) == []
    page.get_by_role("button", name="People and channels").click()
    visitor.becomes("Alice")
    for part in ("DigitalOcean", "API calls", "Slack"):
        page.get_by_role("button", name=part, exact=True).click()
        expect(page.get_by_role("button", name=part, exact=True)).to_have_attribute(
            "aria-current", "page"
        )
        assert faults_of_access(visitor.page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
