"""What approvers and requesters expect, in a browser: emergencies, shorter times, old rules."""

from playwright.sync_api import expect

from tests.browser.conftest import SCREENSHOTS, Visit
from tests.browser.visitor import ASK, Visitor
from tests.browser.windows import WIDE


def picture(visitor: Visitor, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    visitor.page.screenshot(path=SCREENSHOTS / f"conversation-{name}.png")


def test_emergency_access_is_used_and_an_approver_reviews_it(visit: Visit) -> None:
    visitor = visit(WIDE)
    visitor.types("/dbaccess emergency 203.0.113.4 30m orders everything is locked")
    expect(visitor.modal).to_contain_text("Emergency access")
    picture(visitor, "emergency-form")
    visitor.modal.get_by_role("button", name="Get access").click()
    expect(visitor.rule("203.0.113.4")).to_be_visible()

    visitor.becomes("Alice")
    visitor.goes_to("ops")
    visitor.sees("Emergency access to orders")
    picture(visitor, "emergency-told")
    visitor.goes_to("db-approvals")
    visitor.presses("Mark reviewed")

    visitor.sees("reviewed by")
    picture(visitor, "emergency-reviewed")
    assert visitor.went_wrong == []


def test_an_approver_gives_less_time_from_the_menu(visit: Visit) -> None:
    visitor = visit(WIDE)
    visitor.types(ASK.replace("orders", "analytics"))
    visitor.becomes("Alice")
    visitor.goes_to("db-approvals")
    picture(visitor, "card")
    visitor.messages.get_by_label("Shorten…").select_option(label="Approve for 30m")
    visitor.modal.get_by_role("button", name="Cancel").click()
    expect(visitor.messages.get_by_label("Shorten…")).to_have_value("")
    visitor.messages.get_by_label("Shorten…").select_option(label="Approve for 30m")
    visitor.modal.get_by_role("button", name="Approve", exact=True).click()

    visitor.sees("30m instead of")
    assert visitor.went_wrong == []


def test_an_old_rule_gets_an_expiry(visit: Visit) -> None:
    visitor = visit(WIDE)
    visitor.becomes("Alice")
    visitor.types("/dbaccess adopt orders 198.51.100.7 1w")
    visitor.becomes("Bob")
    visitor.goes_to("db-approvals")
    visitor.sees("198.51.100.7")
    visitor.presses("Approve")
    visitor.sees("Approved by")
    picture(visitor, "adopted")
    assert visitor.went_wrong == []


def test_connect_and_history_are_read_in_a_channel(visit: Visit) -> None:
    visitor = visit(WIDE)
    visitor.types("/dbaccess connect orders")
    visitor.sees("sslmode=verify-full")
    picture(visitor, "connect")
    visitor.types("/dbaccess request 198.51.100.20 30m analytics a report")
    expect(visitor.rule("198.51.100.20", "analytics")).to_be_visible()
    visitor.types("/dbaccess history")
    visitor.sees("a report")
    visitor.sees("198.51.100.20")
    picture(visitor, "history")
    assert visitor.went_wrong == []


def test_what_somebody_removed_in_the_panel_is_put_back(visit: Visit) -> None:
    visitor = visit(WIDE)
    visitor.types("/dbaccess request 198.51.100.20 30m analytics a report")
    expect(visitor.rule("198.51.100.20", "analytics")).to_be_visible()
    visitor.runs_the_clock(60)
    visitor.page.wait_for_timeout(2500)  # more than a minute: what vanishes sooner is a lost race
    panel = visitor.page.get_by_role("region", name="Cluster analytics")
    panel.get_by_role("button", name="Remove ip_addr:198.51.100.20").click()
    expect(visitor.rule("198.51.100.20", "analytics")).to_have_count(0)

    visitor.goes_to("dbaccess")
    visitor.sees("has ended early")
    picture(visitor, "removed-outside")
    visitor.presses("Put back")

    expect(visitor.rule("198.51.100.20", "analytics")).to_contain_text("ours")
    visitor.sees("You can connect")
    picture(visitor, "put-back")
    visitor.goes_to("db-approvals")
    visitor.sees("Access #1 of @Rita was put back")
    picture(visitor, "put-back-card")
    assert visitor.went_wrong == []
