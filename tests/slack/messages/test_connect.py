"""How to connect is said completely, safely to copy, and without a password."""

import pytest
from syrupy.assertion import SnapshotAssertion

from bot.slack.messages.blocks import Message
from bot.slack.messages.connect import connect_form, connect_page
from dbaccess_playground.digitalocean.cluster_json import CA_CERTIFICATE, ENGINES
from dbaccess_playground.slack.block_kit.checker import problems
from tests.domain.test_connecting import CA_FILE, HOSTILE, connection
from tests.slack.messages.examples import OFFICE, grant
from tests.slack.messages.reading import message_as_read


def snippets(message: Message) -> list[str]:
    """The text in each preformatted block."""
    return [
        block["elements"][0]["elements"][0]["text"]
        for block in message.blocks
        if block["type"] == "rich_text"
    ]


PAGES = {
    engine: connect_page("orders", connection(engine), CA_CERTIFICATE) for engine in ENGINES
} | {
    "an advanced edition": connect_page("orders", connection("advanced_pg"), CA_CERTIFICATE),
    "an engine that is new": connect_page("orders", connection("duck"), CA_CERTIFICATE),
    "no host inside a VPC": connect_page("orders", connection(private_host=""), CA_CERTIFICATE),
    "no certificate": connect_page("orders", connection(), ""),
    "a very long certificate": connect_page("orders", connection(), CA_CERTIFICATE * 5),
    "hostile names": connect_page(
        "orders", connection(database=HOSTILE, version=HOSTILE), CA_CERTIFICATE
    ),
}
each_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())


@each_page
def test_a_page_looks_as_agreed(page: Message, snapshot: SnapshotAssertion) -> None:
    assert message_as_read(page) == snapshot


@each_page
def test_slack_takes_a_page(page: Message) -> None:
    assert problems({"text": page.text, "blocks": page.blocks}, "message") == []
    assert all(len(snippet) <= 3_000 for snippet in snippets(page))


@each_page
def test_the_text_says_all_but_the_certificate(page: Message) -> None:
    said = [block["text"]["text"] for block in page.blocks if block["type"] == "section"]
    assert all(words in page.text.replace("\N{WORD JOINER}", "") for words in said)
    assert "BEGIN CERTIFICATE" not in page.text


@each_page
def test_slack_takes_a_form(page: Message) -> None:
    assert problems(connect_form("orders-of-last-year-and-before", page), "modal") == []


@each_page
def test_a_page_is_for_a_user_of_ones_own_who_has_access(page: Message) -> None:
    assert "only from an address that has open access" in page.text
    assert "*User and password* your own" in page.text
    assert "doadmin" not in str(page)


@pytest.mark.parametrize("engine", [one for one in ENGINES if one not in ("redis", "valkey")])
def test_a_page_shows_the_certificate_whole_and_the_name_of_its_file(engine: str) -> None:
    page = connect_page("orders", connection(engine), CA_CERTIFICATE)
    first, second, *_ = snippets(page)
    assert CA_FILE in first
    assert f"`{CA_FILE}`" in page.text
    assert CA_CERTIFICATE.strip() in second


@pytest.mark.parametrize("engine", ["redis", "valkey"])
def test_a_page_shows_no_certificate_that_would_not_confirm_a_public_one(engine: str) -> None:
    page = connect_page("orders", connection(engine), CA_CERTIFICATE)
    assert all("CERTIFICATE" not in snippet and ".crt" not in snippet for snippet in snippets(page))
    assert "ssl_check_hostname=True" in snippets(page)[-1]


def test_control_and_direction_characters_are_shown_as_unknown() -> None:
    page = connect_page("orders", connection(database="default\u202edb\x1b"), CA_CERTIFICATE)
    assert "\u202e" not in str(page.blocks)
    assert "\x1b" not in str(page.blocks)


def test_the_first_client_comes_before_the_certificate_and_the_form_says_its_title_once() -> None:
    page = connect_page("orders", connection(), CA_CERTIFICATE, titled=False)
    shown = str(page.blocks)

    assert shown.index("psql 'host=") < shown.index("BEGIN CERTIFICATE") < shown.index("psycopg")
    assert "Connect to" not in shown
    assert "Windows" in shown


def test_a_page_names_where_one_can_connect_from_and_until_when() -> None:
    own = [grant(), grant(id=18, source=OFFICE)]

    page = connect_page("orders", connection(), CA_CERTIFICATE, own)

    last = page.text.splitlines()[-1]
    assert last.startswith("You can connect from 203.0.113.4 until ")
    assert ", 198.51.100.0/24 until " in last
