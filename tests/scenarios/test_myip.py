"""`myip`: a link that reads, once, the address that somebody's browser comes from."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.scenarios.forms import filled_in, form_of, holds, opened
from tests.scenarios.open_world import PUBLIC_URL, OpenWorld, assert_dead
from tests.scenarios.world import BOB, IP, ORDERS, RITA, World, policy
from tests.storage import Storage

Opens = Callable[..., OpenWorld]


@pytest.fixture
def world(opens: Opens) -> OpenWorld:  # an open one instead of the usual
    """A world whose bot stands behind one proxy."""
    return opens()


def form_opened(world: World) -> str:
    """Press the button below the address; return what the form has for it."""
    world.slack.click(RITA, world.slack.ephemerals(RITA)[-1], f"Request access from {IP}")
    return filled_in(world.eventually(lambda: world.slack.modal(RITA)), "source")


# The link as it is meant.


def test_a_link_brings_the_address_back_to_a_filled_in_form(world: OpenWorld) -> None:
    token = world.link()
    page = world.visits(token)
    assert page.status_code == 200
    assert "Is this your address?" in page.text
    assert IP in page.text
    assert (
        "dbaccess sends it to <strong>rita</strong> in Slack, who asked for this link" in page.text
    )

    done = world.uses(token)

    assert done.status_code == 200
    assert f"slack://open?team={world.slack.team_id}" in done.text
    assert f"comes from `{IP}`" in world.whispered(RITA)[-1]
    assert form_opened(world) == IP
    world.slack.submit(RITA, {"Duration": "2h"})
    world.settle()
    assert IP in world.card.all_text


def test_the_acknowledgement_has_the_link_as_a_button_and_as_text(world: OpenWorld) -> None:
    answer = world.types(RITA, "myip")

    assert answer.body["response_type"] == "ephemeral"
    assert "Works once, expires in 10 minutes" in answer.text
    [button] = [e for b in answer.body["blocks"] for e in b.get("elements", []) if "url" in e]
    assert button["url"].startswith(f"{PUBLIC_URL}/ip/")
    assert f"<{button['url']}>" in answer.text


def test_opening_the_link_in_slack_is_acknowledged_and_changes_nothing(world: OpenWorld) -> None:
    world.types(RITA, "myip")
    before = world.rows()

    answer = world.presses(RITA, world.slack.ephemerals(RITA)[-1], "Show my address")

    assert answer.status == 200
    assert world.rows() == before


def test_the_address_comes_by_direct_message_where_slack_takes_no_other_answer(
    world: OpenWorld,
) -> None:
    token = world.link()
    row = world.links()[0]
    assert row.response_url is not None
    with world.service.components.database.transaction() as session:
        row.response_url = row.response_url + "-expired"
        session.add(row)

    world.uses(token)

    assert f"comes from `{IP}`" in world.told(RITA)[-1]


def test_a_restart_between_looking_and_pressing_does_no_harm(world: OpenWorld) -> None:
    token = world.link()
    assert world.visits(token).status_code == 200

    world.restart(minutes=5)

    assert world.uses(token).status_code == 200
    assert f"comes from `{IP}`" in world.whispered(RITA)[-1]


def test_a_link_that_was_asked_for_from_a_source_one_has_already_ends_in_the_forms_refusal(
    world: OpenWorld,
) -> None:
    world.granted()
    world.uses(world.link())
    assert form_opened(world) == IP

    answer = world.slack.submit(RITA, {})

    assert "You already have access to orders" in answer.errors["source"]
    world.slack.close_modal(RITA)


def test_without_a_public_url_it_is_said_what_to_do_instead(storage: Storage) -> None:
    with World(storage) as usual:
        answer = usual.types(RITA, "myip")
        assert "isn't set up here" in answer.text
        assert "`/dbaccess request 203.0.113.4 2h`" in answer.text
        page = requests.get(f"{usual.service.url}/ip/x.y", timeout=30)
        assert_dead(page)


# Once, for ten minutes, for nobody who guesses.


def test_a_link_serves_once(world: OpenWorld) -> None:
    token = world.link()
    assert world.uses(token).status_code == 200
    before = world.rows()

    assert_dead(world.visits(token))
    assert_dead(world.uses(token))
    assert world.rows() == before


def test_of_two_presses_at_once_one_counts(world: OpenWorld) -> None:
    token = world.link()
    url, headers = f"{world.service.url}/ip/{token}", {"X-Forwarded-For": IP}

    def press(_: int) -> requests.Response:
        return requests.post(url, data={"address": IP}, headers=headers, timeout=30)

    with ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(press, range(8)))
    world.settle()

    assert sorted(answer.status_code for answer in answers) == [200, *[404] * 7]
    assert (
        sum(
            "Your browser comes from" in words for words in world.whispered(RITA) + world.told(RITA)
        )
        == 1
    )


def test_a_link_serves_for_ten_minutes(world: OpenWorld) -> None:
    token = world.link()
    world.clock.advance(minutes=9, seconds=59)
    assert world.visits(token).status_code == 200

    world.clock.advance(seconds=1)

    before = world.rows()
    assert_dead(world.visits(token))
    assert_dead(world.uses(token))
    assert world.rows() == before


def test_a_link_that_was_not_signed_here_does_not_work(world: OpenWorld) -> None:
    token = world.link()
    drawn, signature = token.split(".")
    other = world.link(BOB)
    forged = [
        drawn,
        f"{drawn}.",
        f".{signature}",
        f"{drawn}.{other.split('.')[1]}",
        f"{drawn}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}",
        f"{token}x",
        f"{token}/x",
        f"x{token}",
        token.swapcase(),
        world.links()[0].id,
        "%00",
        "%ff%fe",
        "\u0663.\u0663",
        "..%2f..%2fetc",
        "a" * 3_000,
    ]
    before = world.rows()

    for one in forged:
        assert_dead(world.visits(one))
        assert_dead(world.uses(one))
    assert world.rows() == before
    assert world.visits(token).status_code == 200


def test_a_link_of_another_installation_does_not_work(world: OpenWorld) -> None:
    token = world.link()
    world.secret = "another-signing-secret-of-somebody-else"

    world.restart()

    assert_dead(world.visits(token))
    assert_dead(world.uses(token))


def test_whoever_reads_the_database_has_no_link(world: OpenWorld, storage: Storage) -> None:
    token = world.link()
    drawn = token.split(".")[0]
    assert drawn not in storage.everything()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_scanners_and_previews_do_not_use_a_link_up(world: OpenWorld, method: str) -> None:
    token = world.link()

    for _ in range(3):
        world.visits(token, method=method, by="198.51.100.99")

    assert world.uses(token).status_code == 200


def test_links_are_forgotten_thirty_days_after_they_expired(world: OpenWorld) -> None:
    """Their reply addresses go at once."""
    world.link()
    world.pass_time(minutes=10, seconds=1)
    [link] = world.links()
    assert link.response_url is None

    world.pass_time(days=30)
    assert world.links() == []


# The page and the button, by themselves.


@pytest.mark.parametrize("by", [IP, "2001:db8::4", "10.0.0.7", None])
def test_the_page_is_kept_by_nobody_and_loads_nothing(world: OpenWorld, by: str | None) -> None:
    token = world.link()
    for page in (world.visits(token, by=by), world.visits("x.y", by=by)):
        policy_of_page = page.headers["Content-Security-Policy"]
        for rule in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"):
            assert rule in policy_of_page
        assert "unsafe" not in policy_of_page
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in page.headers["X-Robots-Tag"]
        assert "<script" not in page.text
        assert not re.search(r"https?://", page.text)


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("203.0.113.4", "203.0.113.4"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("<!channel> \n @here", "<!channel> @here"),
        ("x" * 1_000, "x" * 100),
    ],
)
def test_a_forged_button_fills_in_what_the_form_will_judge(
    world: OpenWorld, value: str, filled: str
) -> None:
    world.uses(world.link())
    card = world.slack.ephemerals(RITA)[-1]
    button = next(e for b in card.blocks for e in b.get("elements", []) if "value" in e)
    button["value"] = value
    world.slack.click(RITA, card, f"Request access from {IP}")
    assert filled_in(world.eventually(lambda: world.slack.modal(RITA)), "source") == filled
    world.slack.close_modal(RITA)


def test_whoever_may_ask_for_nothing_is_told_so_when_they_press(opens: Opens) -> None:
    world = opens(policy({"orders": {"id": ORDERS, "requesters": [BOB]}}))
    world.uses(world.link())

    world.presses(RITA, world.slack.ephemerals(RITA)[-1], f"Request access from {IP}")

    world.eventually(lambda: world.told(RITA))
    assert "no cluster that you may request" in world.told(RITA)[-1]


def test_with_its_records_away_the_page_says_so(world: OpenWorld) -> None:
    token = world.link()
    with world.service.components.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE ip_links RENAME TO elsewhere")

    for page in (world.visits(token), world.uses(token)):
        assert page.status_code == 503
        assert "Try again in a minute" in page.text

    with world.service.components.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO ip_links")
    assert world.uses(token).status_code == 200


def test_a_link_that_was_made_while_the_clock_ran_ahead_does_not_serve_for_so_long(
    world: OpenWorld,
) -> None:
    world.clock.advance(days=1)
    token = world.link()

    world.clock.advance(days=-1)

    assert_dead(world.visits(token))
    assert_dead(world.uses(token))
    assert world.uses(world.link()).status_code == 200


# From the form.


def press_in_form(world: OpenWorld, button: str) -> dict[str, Any]:
    """Press a button in the form; return the form as it is shown then."""
    before = form_of(world)
    world.slack.click(RITA, before, button)
    return world.eventually(lambda: changed_since(world, before))


def changed_since(world: World, before: dict[str, Any]) -> dict[str, Any] | None:
    now = world.slack.modal(RITA)
    return now if now and now["hash"] != before["hash"] else None


def token_in(form: dict[str, Any]) -> str:
    [url] = [e["url"] for b in form["blocks"] for e in b.get("elements", []) if "url" in e]
    return str(url).removeprefix(f"{PUBLIC_URL}/ip/")


def filled_form(world: OpenWorld) -> dict[str, Any]:
    """Fill the form in but for the address, and press `Use my IP`."""
    opened(world)
    world.slack.fill_in(RITA, {"Custom duration": "95m", "Reason": "invoice 88"})
    return press_in_form(world, "Use my IP")


def test_the_form_reads_the_address_and_keeps_what_was_typed(world: OpenWorld) -> None:
    before = filled_form(world)

    world.uses(token_in(before))

    form = world.eventually(lambda: changed_since(world, before))
    assert holds(form, "source") == IP
    assert "Read from your browser just now. Not yours? Change it." in str(form)
    assert [holds(form, name) for name in ("duration", "reason")] == ["95m", "invoice 88"]
    world.slack.submit(RITA)
    world.settle()
    assert IP in world.card.all_text
    assert "invoice 88" in world.card.all_text


def test_the_form_that_opens_after_the_page_keeps_what_was_typed(world: OpenWorld) -> None:
    token = token_in(filled_form(world))
    world.slack.close_modal(RITA)

    world.uses(token)
    world.slack.click(RITA, world.slack.ephemerals(RITA)[-1], f"Request access from {IP}")

    form = world.eventually(lambda: world.slack.modal(RITA))
    names = ("source", "duration", "reason")
    assert [filled_in(form, name) for name in names] == [IP, "95m", "invoice 88"]


def test_a_page_from_a_form_works_once_and_keeps_nothing_of_it_then(world: OpenWorld) -> None:
    token = token_in(filled_form(world))
    assert "invoice 88" in str(world.links()[0].form)

    world.uses(token)

    assert_dead(world.uses(token))
    assert world.links()[0].form is None


def test_what_was_typed_is_erased_when_the_page_expires(world: OpenWorld) -> None:
    filled_form(world)

    world.pass_time(minutes=10, seconds=1)

    assert world.links()[0].form is None


def test_without_a_public_url_the_form_offers_no_page(storage: Storage) -> None:
    with World(storage) as usual:
        assert "Use my IP" not in str(opened(usual)["blocks"])


# Where it is offered


def reads_address(world: OpenWorld) -> None:
    """Open the page that the form before Rita leads to, and use the address."""
    form = world.eventually(lambda: world.slack.modal(RITA))
    assert form["title"]["text"] == "My IP"
    [token] = set(re.findall(rf"{PUBLIC_URL}/ip/([\w.\-]+)", str(form["blocks"])))
    world.slack.close_modal(RITA)
    assert world.uses(token).status_code == 200


@pytest.mark.parametrize("typed", ["my laptop", "db.example.com", "2001:db8::1", "10.0.0.4"])
def test_who_types_no_address_of_theirs_finds_it_by_a_button(world: OpenWorld, typed: str) -> None:
    refused = world.types(RITA, f"request {typed} 2h orders")
    assert "/dbaccess myip" not in refused.text
    shown = world.slack.ephemerals(RITA)[-1]
    assert shown.buttons == ["My IP"]

    world.slack.click(RITA, shown, "My IP")
    reads_address(world)

    assert f"comes from `{IP}`" in world.whispered(RITA)[-1]


def test_the_home_tab_finds_an_address_too(world: OpenWorld) -> None:
    world.slack.open_home(RITA)
    world.settle()
    home = world.slack.home(RITA)
    assert home is not None

    world.slack.click(RITA, home, "My IP")
    reads_address(world)

    assert f"comes from `{IP}`" in world.told(RITA)[-1]


@pytest.mark.parametrize("typed", ["my ip", "My address", "ip"])
def test_it_is_found_in_other_words(world: OpenWorld, typed: str) -> None:
    assert "Find your address" in world.types(RITA, typed).text


def test_where_it_is_not_set_up_nothing_leads_to_it(storage: Storage) -> None:
    with World(storage) as closed:
        closed.types(RITA, "request my laptop 2h orders")
        assert closed.slack.ephemerals(RITA)[-1].buttons == []
        closed.slack.open_home(RITA)
        closed.settle()
        assert "My IP" not in str(closed.slack.home(RITA))
        assert closed.slack.problems == []
