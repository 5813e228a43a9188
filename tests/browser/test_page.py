"""The page as a small Slack and a small DigitalOcean: what it shows, and how it is reached."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import faults_of_access
from tests.browser.conftest import Visit
from tests.browser.visitor import ASK, Visitor
from tests.browser.windows import NARROW, WIDE


def test_the_commands_name_is_completed_and_nothing_behind_it_as_in_slack(
    visitor: Visitor,
) -> None:
    composer = visitor.composer
    offered = visitor.page.get_by_role("listbox", name="Commands").get_by_role("option")
    composer.press_sequentially("/dba")
    expect(offered).to_have_count(1)
    expect(offered).to_contain_text("/dbaccess")
    composer.press("Tab")
    expect(composer).to_have_value("/dbaccess ")
    expect(offered).to_have_count(0)
    expect(visitor.page.locator(".usage")).to_contain_text("request 203.0.113.4 2h")
    composer.press_sequentially("cl")
    expect(offered).to_have_count(0)
    expect(visitor.page.locator(".usage")).to_have_count(0)
    composer.press_sequentially("usters")
    composer.press("Enter")
    visitor.sees("@Alice, @Bob, @Carol")
    composer.press("ArrowUp")
    expect(composer).to_have_value("/dbaccess clusters")


def test_commands_are_typed_in_the_apps_own_messages_too_but_not_on_its_home_tab(
    visitor: Visitor,
) -> None:
    visitor.goes_to("dbaccess")
    visitor.page.get_by_role("tab", name="Home").click()
    expect(visitor.composer).to_have_count(0)
    visitor.page.get_by_role("tab", name="Messages").click()
    visitor.types("/dbaccess clusters")
    visitor.sees("@Alice, @Bob, @Carol")


def test_times_read_as_in_slack(visitor: Visitor) -> None:
    written = visitor.messages.locator("article").first.locator("header time")
    expect(written).to_have_text(re.compile(r"^(1[0-2]|[1-9]):\d\d\s[AP]M$"))


def test_the_tour_leads_through_the_first_story_and_ticks_what_was_done(visitor: Visitor) -> None:
    tour = visitor.page.get_by_role("complementary", name="First steps")
    done = tour.get_by_role("listitem").filter(has_text="Done:")
    tour.get_by_role("button").first.click()
    expect(visitor.composer).to_have_value(ASK)
    expect(done).to_have_count(0)
    visitor.composer.press("Enter")
    expect(done).to_have_count(1)
    for number, approver in enumerate(("Alice", "Bob")):
        tour.get_by_role("button", name=approver).click()
        expect(visitor.page.get_by_role("radio", name=approver)).to_be_checked()
        expect(done).to_have_count(1 + number)
        visitor.presses("Approve")
        visitor.sees(f"@{approver}")
    expect(visitor.rule("203.0.113.4")).to_be_visible()
    expect(done).to_have_count(3)
    tour.get_by_role("button", name="Speed up").click()
    expect(visitor.clock(600)).to_be_checked()
    visitor.runs_the_clock(3600)
    expect(tour.get_by_role("status")).to_contain_text("All done")
    visitor.runs_the_clock(1)
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
    orders.get_by_text("Add manually").click()
    orders.get_by_label("Source for orders", exact=True).fill("fe80::1")
    orders.get_by_role("button", name="Add", exact=True).click()
    expect(orders.get_by_role("alert")).to_contain_text("IPv6 addresses are not supported")
    orders.get_by_label("Source for orders", exact=True).fill("203.0.113.77")
    orders.get_by_label("Description for orders").fill("a colleague")
    orders.get_by_role("button", name="Add", exact=True).click()
    expect(visitor.rule("203.0.113.77")).to_contain_text("added manually")
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
    visitor.composer.press_sequentially("/dba")
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
    page.get_by_role("button", name="People and channels").click()
    visitor.goes_to("db-approvals")
    visitor.sees("fixing the nightly job")
    for part in ("DigitalOcean", "API calls", "Slack"):
        page.get_by_role("button", name=part, exact=True).click()
        expect(page.get_by_role("button", name=part, exact=True)).to_have_attribute(
            "aria-current", "page"
        )
        assert faults_of_access(visitor.page) == []
        assert things_beside_the_screen(page) == []


def test_a_finger_hits_what_can_be_pressed_on_a_telephone(visit: Visit) -> None:
    visitor = visit(NARROW)
    page = visitor.page
    visitor.types(ASK)
    visitor.sees("Request #1")
    for part in ("DigitalOcean", "API calls", "Slack"):
        page.get_by_role("button", name=part, exact=True).click()
        assert too_low_for_a_finger(page) == []
    visitor.types("/dbaccess request")
    expect(visitor.modal).to_be_visible()
    assert too_low_for_a_finger(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="People and channels").click()
    assert too_low_for_a_finger(page) == []


def too_low_for_a_finger(page: Page) -> list[str]:
    """Return what can be pressed and is less than 44 px high, its label counted."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("button, select, summary, input, textarea")]
            .filter((one) => one.checkVisibility({visibilityProperty: true}))
            .map((one) => ["radio", "checkbox"].includes(one.type) ? one.closest("label") : one)
            .filter((one) => { const box = one.getBoundingClientRect();
                return box.width && box.height < 43.5; })
            .map((one) => `${one.getBoundingClientRect().height}: ${one.outerHTML.slice(0, 90)}`)"""
    )
    return found


def things_beside_the_screen(page: Page) -> list[str]:
    """Return what can be pressed, or scrolls sideways, and does not fit the screen's width."""
    found: list[str] = page.evaluate(
        """() => {
            const shown = (one) => one.checkVisibility({visibilityProperty: true});
            const name = (one) => one.outerHTML.slice(0, 120);
            const every = (what) => [...document.querySelectorAll(what)];
            const pressed = every("button, input, select, textarea, a, summary")
                .filter((one) => shown(one) && !one.closest(".sidebar"))
                .filter((one) => { const box = one.getBoundingClientRect();
                    return box.width && (box.left < 0 || box.right > innerWidth); });
            const wide = every("*").filter(shown)
                .filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1)
                .filter((one) => ["auto", "scroll"].includes(getComputedStyle(one).overflowX));
            return [...pressed, ...wide].map(name);
        }"""
    )
    return found
