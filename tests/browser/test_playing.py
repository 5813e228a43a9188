"""The main stories, played in a browser: everything is done as a visitor would."""

from playwright.sync_api import expect

from tests.browser.visitor import ASK, Visitor

IP = "203.0.113.4"


def asks_and_is_approved(visitor: Visitor) -> None:
    visitor.types(ASK)
    visitor.sees("Request #1 sent")
    for approver in ("Alice", "Bob"):
        visitor.becomes(approver)
        visitor.goes_to("db-approvals")
        visitor.presses("Approve")
        visitor.sees(f"@{approver}")
    expect(visitor.rule(IP)).to_contain_text("ours")


def test_two_approvals_bring_the_rule(visitor: Visitor) -> None:
    visitor.types(ASK)
    visitor.sees("2 approvals")
    visitor.becomes("Alice")
    visitor.goes_to("db-approvals")
    visitor.presses("Approve")
    visitor.sees("Approvals 1/2 (@Alice)")
    expect(visitor.rule(IP)).to_have_count(0)

    visitor.becomes("Bob")
    visitor.presses("Approve")
    visitor.sees("approved by @Alice, @Bob")
    expect(visitor.messages.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    expect(visitor.rule(IP)).to_contain_text("ours")
    expect(visitor.rule(IP)).to_contain_text("expires in 1:59:")
    expect(visitor.opens_thread()).to_contain_text("is open until")


def test_access_is_asked_for_by_form_and_corrected_at_the_field(visitor: Visitor) -> None:
    visitor.types("/dbaccess")
    expect(visitor.modal).to_be_visible()
    visitor.modal.get_by_label("Cluster").select_option("orders")
    visitor.modal.get_by_label("Source IP").fill("10.0.0.1")
    visitor.modal.get_by_label("Custom duration").fill("90m")
    visitor.modal.get_by_label("Reason").fill("invoice 88")
    visitor.modal.get_by_role("button", name="Request", exact=True).click()
    expect(visitor.modal.get_by_role("alert")).to_contain_text("is a private address")

    visitor.modal.get_by_label("Source IP").fill(IP)
    visitor.modal.get_by_role("button", name="Request", exact=True).click()
    expect(visitor.modal).to_have_count(0)
    visitor.sees("Request #1 sent")
    visitor.becomes("Alice")
    visitor.goes_to("db-approvals")
    visitor.sees("invoice 88")


def test_a_denial_takes_a_reason_and_the_requester_reads_it(visitor: Visitor) -> None:
    visitor.types(ASK)
    visitor.becomes("Alice")
    visitor.goes_to("db-approvals")
    visitor.presses("Deny")
    visitor.modal.get_by_role("button", name="Deny").click()
    expect(visitor.modal.get_by_role("alert")).to_have_text("Please complete this required field.")
    expect(visitor.modal.get_by_label("Reason")).to_be_focused()

    visitor.modal.get_by_label("Reason").fill("not before <b>the release</b>")
    visitor.modal.get_by_role("button", name="Deny").click()
    expect(visitor.modal).to_have_count(0)
    visitor.sees("denied by @Alice")
    visitor.becomes("Rita")
    visitor.goes_to("dbaccess")
    visitor.sees("not before <b>the release</b>")


def test_a_form_that_is_closed_changes_nothing(visitor: Visitor) -> None:
    visitor.types(ASK)
    visitor.becomes("Alice")
    visitor.goes_to("db-approvals")
    visitor.presses("Deny")
    expect(visitor.modal).to_be_visible()
    visitor.page.keyboard.press("Escape")
    expect(visitor.modal).to_have_count(0)
    visitor.presses("Deny")
    visitor.modal.get_by_role("button", name="Cancel").click()
    expect(visitor.modal).to_have_count(0)
    visitor.sees("Approvals 0/2")


def test_a_grant_of_two_hours_ends_in_seconds_when_the_clock_runs(visitor: Visitor) -> None:
    asks_and_is_approved(visitor)
    visitor.becomes("Rita")
    visitor.goes_to("dbaccess")
    visitor.runs_the_clock(3600)
    expect(visitor.rule(IP)).to_have_count(0)
    visitor.sees("#1 to orders has ended")
    expect(visitor.rule("198.51.100.7")).to_contain_text("office")
    visitor.runs_the_clock(1)


def test_the_outsiders_click_is_refused_and_only_the_outsider_reads_why(visitor: Visitor) -> None:
    visitor.types(ASK)
    visitor.becomes("Oscar")
    visitor.goes_to("db-approvals")
    visitor.presses("Approve")
    visitor.sees("Only visible to you")
    visitor.sees("Nothing was changed")
    visitor.becomes("Alice")
    visitor.sees("Approvals 0/2")
    expect(visitor.messages).not_to_contain_text("Nothing was changed")


def test_written_policy_approves_and_a_lost_answer_to_the_write_heals(visitor: Visitor) -> None:
    visitor.breaks("DigitalOcean", "Answer lost")
    visitor.types("/dbaccess request 198.51.100.20 1h analytics quarterly numbers")
    visitor.sees("approved by written policy")
    expect(visitor.rule("198.51.100.20", "analytics")).to_contain_text("ours")
    calls = visitor.page.get_by_role("region", name="API calls")
    expect(calls.get_by_role("row").filter(has_text="PUT")).to_contain_text("no_answer")
    visitor.goes_to("dbaccess")
    visitor.sees("You can connect")


def test_errors_of_the_api_are_repeated_until_it_works(visitor: Visitor) -> None:
    visitor.breaks("DigitalOcean", "500", "next 3 calls")
    pending = visitor.page.get_by_role("status").filter(has_text="500: next 3 calls")
    expect(pending).to_be_visible()
    visitor.types("/dbaccess request 198.51.100.20 1h analytics")
    visitor.runs_the_clock(60)
    expect(visitor.rule("198.51.100.20", "analytics")).to_contain_text("ours")
    expect(pending).to_have_count(0)
    visitor.runs_the_clock(1)


def test_a_bot_that_is_away_is_told_of_and_nothing_is_lost(visitor: Visitor) -> None:
    asks_and_is_approved(visitor)
    bot = visitor.page.get_by_role("switch", name="Bot")
    bot.click()
    expect(bot).to_have_attribute("aria-checked", "false")
    visitor.types("/dbaccess list")
    expect(visitor.messages.get_by_role("alert")).to_contain_text("dispatch_failed")
    visitor.runs_the_clock(3600)
    expect(visitor.rule(IP)).to_contain_text("expired")
    bot.click()
    expect(visitor.rule(IP)).to_have_count(0)
    visitor.runs_the_clock(1)


def test_the_end_of_access_asks_back(visitor: Visitor) -> None:
    visitor.types("/dbaccess request 198.51.100.20 1h analytics")
    expect(visitor.rule("198.51.100.20", "analytics")).to_be_visible()
    visitor.types("/dbaccess list")
    visitor.presses("End access")
    expect(visitor.modal).to_contain_text("#1")
    visitor.modal.get_by_role("button", name="Cancel").click()
    expect(visitor.rule("198.51.100.20", "analytics")).to_be_visible()
    visitor.presses("End access")
    visitor.modal.get_by_role("button", name="End access").click()
    expect(visitor.rule("198.51.100.20", "analytics")).to_have_count(0)
