"""`myip`: a link that reads, once, the address that somebody's browser comes from."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from pydantic import SecretStr
from sqlmodel import select

from bot.config import Settings
from bot.store.tables import IpLinkRow
from tests.scenarios.forms import filled_in
from tests.scenarios.world import BOB, IP, ORDERS, RITA, World, policy
from tests.storage import Storage

pytestmark = pytest.mark.both_databases

PUBLIC_URL = "https://dbaccess.example.com"
DEAD = "This link does not work"


class OpenWorld(World):
    """A world whose bot browsers reach, through so many proxies."""

    def __init__(
        self, storage: Storage, policy: dict[str, Any] | None = None, *, proxies: int = 1
    ) -> None:
        self.proxies = proxies
        self.secret: str | None = None
        super().__init__(storage, policy)

    @property
    def settings(self) -> Settings:
        changes: dict[str, Any] = {
            "dbaccess_public_url": PUBLIC_URL,
            "dbaccess_trusted_proxies": self.proxies,
        }
        if self.secret:
            changes["slack_signing_secret"] = SecretStr(self.secret)
        return super().settings.model_copy(update=changes)

    def link(self, user: str = RITA) -> str:
        """Let somebody ask for a link; return its token."""
        [url] = set(re.findall(rf"{PUBLIC_URL}/ip/[\w.\-]+", str(self.types(user, "myip").body)))
        return str(url).removeprefix(f"{PUBLIC_URL}/ip/")

    def visits(
        self, token: str, *, method: str = "GET", by: str | None = IP, **more: str
    ) -> requests.Response:
        """Let a browser come, *by* that address as the proxies tell it."""
        headers = {} if by is None else {"X-Forwarded-For": by}
        url = f"{self.service.url}/ip/{token}"
        return requests.request(method, url, headers={**headers, **more}, timeout=10)

    def uses(self, token: str, *, address: str = IP, by: str = IP) -> requests.Response:
        """Press `Use this address` on the page that showed *address*, and let the worker work."""
        url, headers = f"{self.service.url}/ip/{token}", {"X-Forwarded-For": by}
        answer = requests.post(url, data={"address": address}, headers=headers, timeout=10)
        self.settle()
        return answer

    def links(self) -> list[IpLinkRow]:
        with self.service.parts.database.reading() as session:
            return list(session.exec(select(IpLinkRow)))


Opens = Callable[..., OpenWorld]


@pytest.fixture
def opens(storage: Storage) -> Iterator[Opens]:
    """Open worlds."""
    made: list[OpenWorld] = []

    def make(written: dict[str, Any] | None = None, *, proxies: int = 1) -> OpenWorld:
        made.append(OpenWorld(storage, written, proxies=proxies))
        made[-1].__enter__()
        return made[-1]

    yield make
    for one in made:
        one.__exit__()
        assert one.slack.problems == []


@pytest.fixture
def world(opens: Opens) -> OpenWorld:  # an open one instead of the usual
    """A world whose bot stands behind one proxy."""
    return opens()


def assert_dead(answer: requests.Response) -> None:
    assert answer.status_code == 404
    assert DEAD in answer.text
    assert "/dbaccess myip" in answer.text


def form_opened(world: World) -> str:
    """Press the button below the address; return what the form has for it."""
    world.slack.click(RITA, world.slack.ephemerals(RITA)[-1], f"Ask for access from {IP}")
    return filled_in(world.eventually(lambda: world.slack.modal(RITA)), "source")


# The link as it is meant.


def test_a_link_brings_the_address_back_to_a_filled_in_form(world: OpenWorld) -> None:
    token = world.link()
    page = world.visits(token)
    assert page.status_code == 200
    assert "Is this your address?" in page.text
    assert IP in page.text

    done = world.uses(token)

    assert done.status_code == 200
    assert f"slack://open?team={world.slack.team_id}" in done.text
    assert f"I see `{IP}`" in world.whispered(RITA)[-1]
    assert form_opened(world) == IP
    world.slack.submit(RITA, {"For how long": "2h"})
    world.settle()
    assert IP in world.card.all_text


def test_the_acknowledgement_has_the_link_as_a_button_and_as_text(world: OpenWorld) -> None:
    answer = world.types(RITA, "myip")

    assert answer.body["response_type"] == "ephemeral"
    assert "serves once, and for ten minutes" in answer.text
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
    with world.service.parts.database.transaction() as session:
        row.response_url = row.response_url + "-expired"
        session.add(row)

    world.uses(token)

    assert f"I see `{IP}`" in world.told(RITA)[-1]


def test_a_restart_between_looking_and_pressing_does_no_harm(world: OpenWorld) -> None:
    token = world.link()
    assert world.visits(token).status_code == 200

    world.restart(minutes=5)

    assert world.uses(token).status_code == 200
    assert f"I see `{IP}`" in world.whispered(RITA)[-1]


def test_a_link_that_was_asked_for_from_a_source_one_has_already_ends_in_the_forms_refusal(
    world: OpenWorld,
) -> None:
    world.granted()
    world.uses(world.link())
    assert form_opened(world) == IP

    answer = world.slack.submit(RITA, {})

    assert "You have access to orders" in answer.errors["source"]
    world.slack.close_modal(RITA)


def test_without_a_public_url_it_is_said_what_to_do_instead(storage: Storage) -> None:
    with World(storage) as usual:
        answer = usual.types(RITA, "myip")
        assert "not set up here" in answer.text
        assert "`/dbaccess request 203.0.113.4 2h`" in answer.text
        page = requests.get(f"{usual.service.url}/ip/x.y", timeout=10)
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
        return requests.post(url, data={"address": IP}, headers=headers, timeout=10)

    with ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(press, range(8)))
    world.settle()

    assert sorted(answer.status_code for answer in answers) == [200, *[404] * 7]
    assert sum("I see" in words for words in world.whispered(RITA) + world.told(RITA)) == 1


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


def test_links_are_forgotten_a_day_after_they_expired(world: OpenWorld) -> None:
    world.link()
    world.clock.advance(hours=24, minutes=10)
    world.link()
    assert len(world.links()) == 2

    world.clock.advance(seconds=1)
    world.link()

    assert len(world.links()) == 2


# Which address it is.


def test_without_trusted_proxies_nobody_can_say_that_they_come_from_elsewhere(
    opens: Opens,
) -> None:
    world = opens(proxies=0)
    token = world.link()

    spoofed = {"Forwarded": f"for={IP}", "X-Real-IP": IP, "CF-Connecting-IP": IP}
    page = world.visits(token, by=IP, **spoofed)

    assert IP not in page.text.replace(f"/dbaccess request {IP} 2h", "")
    assert "127.0.0.1 is a loopback address" in page.text
    assert world.uses(token).status_code == 409
    assert world.visits(token).status_code == 200


def test_what_a_client_says_before_the_proxy_is_not_believed(world: OpenWorld) -> None:
    page = world.visits(world.link(), by=f"198.51.100.66, {IP}", X_Forwarded_For="198.51.100.67")

    assert f'value="{IP}"' in page.text
    assert "198.51.100.6" not in page.text


def test_several_headers_are_read_as_one(world: OpenWorld) -> None:
    token = world.link()
    connection = HTTPConnection(str(urlsplit(world.service.url).netloc), timeout=10)
    connection.putrequest("GET", f"/ip/{token}")
    connection.putheader("X-Forwarded-For", "198.51.100.66")
    connection.putheader("X-Forwarded-For", IP)
    connection.endheaders()

    page = connection.getresponse().read().decode()
    connection.close()

    assert f'value="{IP}"' in page
    assert "198.51.100.66" not in page


@pytest.mark.parametrize("by", [None, IP, "unknown, unknown"])
def test_where_the_proxies_do_not_say_it_nothing_is_guessed(opens: Opens, by: str | None) -> None:
    world = opens(proxies=2)
    token = world.link()

    page = world.visits(token, by=by)

    assert "Your address cannot be told" in page.text
    assert "<button" not in page.text
    assert world.uses(token, by=by or "").status_code == 409
    assert world.visits(token, by=f"{IP}, 10.0.0.1").status_code == 200


def test_ipv6_is_said_plainly_with_the_way_to_an_ipv4_address(world: OpenWorld) -> None:
    token = world.link()

    page = world.visits(token, by="2001:db8::4")

    assert "Your browser came over IPv6" in page.text
    assert "2001:db8::4" in page.text
    assert "DigitalOcean does not accept IPv6" in page.text
    assert "Switch IPv6 off" in page.text
    assert "curl -4" in page.text
    assert "<button" not in page.text
    assert world.uses(token, address="2001:db8::4", by="2001:db8::4").status_code == 409
    assert world.uses(token).status_code == 200, "after IPv6 was switched off"


def test_an_ipv4_address_in_ipv6_clothes_is_an_ipv4_address(world: OpenWorld) -> None:
    token = world.link()
    assert f'value="{IP}"' in world.visits(token, by=f"::ffff:{IP}").text

    world.uses(token, by=f"::ffff:{IP}")

    assert f"I see `{IP}`" in world.whispered(RITA)[-1]


def test_a_private_address_is_offered_only_where_a_cluster_takes_it(opens: Opens) -> None:
    world = opens()
    page = world.visits(world.link(), by="10.0.0.7")
    assert "10.0.0.7 is a private address" in page.text
    assert "<button" not in page.text

    world.govern(policy({"orders": {"id": ORDERS, "allow_private": True}}))
    token = world.link()
    assert 'value="10.0.0.7"' in world.visits(token, by="10.0.0.7").text
    world.uses(token, address="10.0.0.7", by="10.0.0.7")
    assert "I see `10.0.0.7`" in world.whispered(RITA)[-1]


def test_an_address_that_was_not_shown_is_shown_first(world: OpenWorld) -> None:
    token = world.link()
    world.visits(token)
    before = world.rows()

    again = world.uses(token, by="198.51.100.9")

    assert again.status_code == 409
    assert "another address now than a moment ago" in again.text
    assert world.rows() == before
    assert world.uses(token, address="198.51.100.9", by="198.51.100.9").status_code == 200
    assert "I see `198.51.100.9`" in world.whispered(RITA)[-1]


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
    world.slack.click(RITA, card, f"Ask for access from {IP}")
    assert filled_in(world.eventually(lambda: world.slack.modal(RITA)), "source") == filled
    world.slack.close_modal(RITA)


def test_whoever_may_ask_for_nothing_is_told_so_when_they_press(opens: Opens) -> None:
    world = opens(policy({"orders": {"id": ORDERS, "requesters": [BOB]}}))
    world.uses(world.link())

    world.presses(RITA, world.slack.ephemerals(RITA)[-1], f"Ask for access from {IP}")

    world.eventually(lambda: world.told(RITA))
    assert "no cluster that you may ask for" in world.told(RITA)[-1]


def test_with_its_records_away_the_page_says_so(world: OpenWorld) -> None:
    if not world.service.parts.database.is_sqlite:
        pytest.skip("a table that is missing is another kind of fault there")
    token = world.link()
    with world.service.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE ip_links RENAME TO elsewhere")

    for page in (world.visits(token), world.uses(token)):
        assert page.status_code == 503
        assert "One moment, please" in page.text

    with world.service.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO ip_links")
    assert world.uses(token).status_code == 200
