"""How to connect is said completely, safely to copy, and without a password."""

import shlex
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict
from syrupy.assertion import SnapshotAssertion

from bot.domain.connecting import Connection, ways
from bot.sandbox.block_kit import problems
from bot.sandbox.cloud_clusters import CA_CERTIFICATE, ENGINES
from bot.slack.messages.blocks import Message
from bot.slack.messages.connect import connect_page

CA_FILE = "orders-ca.crt"
HOSTILE = "x' y\"; $(rm -rf ~) `id` \\ <!channel> @here &"


def connection(engine: str = "pg", **changes: Any) -> Connection:
    host = f"orders-do-user-4915-0.{ENGINES[engine].domain if engine in ENGINES else 'do.example'}"
    facts: dict[str, Any] = {
        "engine": engine,
        "version": "17",
        "host": host,
        "port": 25060,
        "database": "defaultdb",
        "user": "doadmin",
        "private_host": f"private-{host}",
    }
    if engine in ENGINES:
        real = ENGINES[engine]
        facts |= {
            "version": real.version,
            "port": real.port,
            "database": real.database,
            "user": real.user,
        }
    return Connection(**(facts | changes))


def snippets(message: Message) -> list[str]:
    """The text in each preformatted block."""
    return [
        block["elements"][0]["elements"][0]["text"]
        for block in message.blocks
        if block["type"] == "rich_text"
    ]


def typed(engine: str, **changes: Any) -> list[str]:
    """The words that a shell makes of the last line of the first way to connect."""
    first, *_ = ways(connection(engine, **changes), CA_FILE)
    return shlex.split(first.lines.splitlines()[-1])


PAGES = {
    engine: connect_page("orders", connection(engine), CA_CERTIFICATE) for engine in ENGINES
} | {
    "an advanced edition": connect_page("orders", connection("advanced_pg"), CA_CERTIFICATE),
    "an engine that is new": connect_page("orders", connection("duck"), CA_CERTIFICATE),
    "a user that the token may not see": connect_page(
        "orders", connection(user="", private_host=""), CA_CERTIFICATE
    ),
    "no certificate": connect_page("orders", connection(), ""),
    "a very long certificate": connect_page("orders", connection(), CA_CERTIFICATE * 5),
    "hostile names": connect_page(
        "orders", connection(database=HOSTILE, user=HOSTILE, version=HOSTILE), CA_CERTIFICATE
    ),
}
each_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())


@each_page
def test_a_page_looks_as_agreed(page: Message, snapshot: SnapshotAssertion) -> None:
    assert {"text": page.text.split("\n"), "blocks": page.blocks} == snapshot


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
def test_a_page_says_that_access_needs_a_live_grant_and_what_to_do_next(page: Message) -> None:
    assert "only while you have live access from the address" in page.text
    assert "`/dbaccess request 203.0.113.4 2h orders`" in page.text
    assert "your own, or the one that your team keeps" in page.text


@pytest.mark.parametrize("engine", [one for one in ENGINES if one not in ("redis", "valkey")])
def test_a_page_shows_the_certificate_whole_and_the_name_of_its_file(engine: str) -> None:
    page = connect_page("orders", connection(engine), CA_CERTIFICATE)
    assert snippets(page)[-1] == CA_CERTIFICATE.strip()
    assert f"`{CA_FILE}`" in page.text
    assert CA_FILE in snippets(page)[0]


@pytest.mark.parametrize("engine", ["redis", "valkey"])
def test_a_page_shows_no_certificate_that_would_not_confirm_a_public_one(engine: str) -> None:
    page = connect_page("orders", connection(engine), CA_CERTIFICATE)
    assert all("CERTIFICATE" not in snippet and ".crt" not in snippet for snippet in snippets(page))
    assert "ssl_check_hostname=True" in snippets(page)[-1]


def test_psql_verifies_the_certificate_and_the_name_in_it() -> None:
    command, conninfo = typed("pg")
    assert command == "psql"
    assert conninfo_to_dict(conninfo) == {
        "host": "orders-do-user-4915-0.g.db.ondigitalocean.com",
        "port": "25060",
        "dbname": "defaultdb",
        "user": "doadmin",
        "sslmode": "verify-full",
        "sslrootcert": CA_FILE,
    }


def test_the_python_line_calls_psycopg_with_the_same_facts() -> None:
    _, python = ways(connection(database=HOSTILE), CA_FILE)
    called: list[dict[str, Any]] = []

    class Psycopg:
        @staticmethod
        def connect(**facts: Any) -> None:
            called.append(facts)

    eval(python.lines, {"psycopg": Psycopg, "getpass": lambda: "typed"})  # noqa: S307
    assert called == [
        {
            "host": "orders-do-user-4915-0.g.db.ondigitalocean.com",
            "port": 25060,
            "dbname": HOSTILE,
            "user": "doadmin",
            "password": "typed",
            "sslmode": "verify-full",
            "sslrootcert": CA_FILE,
        }
    ]


@pytest.mark.parametrize(
    ("engine", "verified"),
    [
        ("mysql", ["--ssl-mode=VERIFY_IDENTITY", f"--ssl-ca={CA_FILE}"]),
        ("valkey", ["--tls"]),
        ("redis", ["--tls"]),
        ("mongodb", ["--tls", "--tlsCAFile", CA_FILE]),
        ("kafka", ["security.protocol=SASL_SSL", f"ssl.ca.location={CA_FILE}"]),
        ("opensearch", ["--cacert", CA_FILE]),
    ],
)
def test_each_engines_client_uses_tls_and_verifies_it(engine: str, verified: list[str]) -> None:
    words = typed(engine)
    assert set(verified) <= set(words)
    assert not {"-k", "--insecure", "--tlsAllowInvalidHostnames"} & set(words)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_the_api_said_cannot_leave_its_place_in_a_command(engine: str) -> None:
    words = typed(engine, user=HOSTILE, database=HOSTILE)
    usual = typed(engine, database="defaultdb")
    assert len(words) == len(usual)
    if engine == "pg":
        read = conninfo_to_dict(words[1])
        assert (read["user"], read["dbname"], read["sslmode"]) == (HOSTILE, HOSTILE, "verify-full")
    else:
        assert any(HOSTILE in word for word in words)


def test_a_user_whom_the_token_may_not_see_is_filled_in_by_the_reader() -> None:
    assert "user=YOUR_USER" in typed("pg", user="")[1]


def test_control_and_direction_characters_are_shown_as_unknown() -> None:
    page = connect_page("orders", connection(user="do\u202eadmin\x1b"), CA_CERTIFICATE)
    assert "\u202e" not in str(page.blocks)
    assert "\x1b" not in str(page.blocks)
