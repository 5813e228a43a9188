import json
import logging
import sys
from collections.abc import Callable

import pytest
import structlog

from bot.logs import Redactor, set_up_logs
from bot.redaction import Redaction

SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TOKENS = [
    "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy",
    "xoxp-23984754863-2348975623103",
    "xoxe-1-My0xLTEwOTg4Nzc0",
    "xapp-1-A0123-456-abcdef",
    "dop_v1_0123456789abcdef0123456789abcdef",
    "doo_v1_0123456789abcdef",
    "dor_v1_0123456789abcdef",
]


@pytest.fixture
def logged(_logs_as_before: None, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What has gone to standard error since it was asked last."""
    return lambda: capsys.readouterr().err


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("text", ["{}", "Bearer {}", "token={}&x=1", "<{}>", '{{"token": "{}"}}'])
def test_whatever_looks_like_a_token_is_cut_out(text: str, token: str) -> None:
    cleaned = Redaction().clean(text.format(token))

    assert cleaned == text.format("[secret]")


def test_the_secrets_of_the_installation_are_cut_out_wherever_they_stand() -> None:
    assert Redaction([SIGNING_SECRET]).clean(f"a{SIGNING_SECRET}b") == "a[secret]b"


def test_of_two_secrets_that_overlap_the_longer_goes_whole() -> None:
    assert Redaction(["pass", "passport"]).clean("my passport") == "my [secret]"


def test_an_empty_secret_hides_nothing() -> None:
    assert Redaction(["", SIGNING_SECRET]).clean("all is well") == "all is well"


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.slack.com/commands/T0/1/abc",
        "https://hooks.slack.com/actions/T0/1/abc?x=1",
        "http://127.0.0.1:3001/response/abc",
    ],
)
def test_a_response_url_is_as_good_as_a_token(url: str) -> None:
    assert Redaction().clean(f"posting to {url} failed") == "posting to [secret] failed"


@pytest.mark.parametrize(
    "text",
    [
        "grant 17 of U0RITA on orders until 2026-11-25",
        "https://api.digitalocean.com/v2/databases/9cc10173/firewall",
        "https://slack.com/api/chat.postMessage",
        "dbaccess/prod #17 until 2026-11-25T12:00:00Z",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redaction([SIGNING_SECRET]).clean(text) == text


def test_every_value_of_an_entry_is_cleaned_and_numbers_stay_numbers() -> None:
    entry = {"event": TOKENS[0], "grant": 17, "error": ValueError(TOKENS[4]), "ok": True}

    cleaned = Redactor()(None, "info", entry)

    assert cleaned == {"event": "[secret]", "grant": 17, "error": "[secret]", "ok": True}


def test_a_secret_deep_inside_a_value_is_found() -> None:
    cleaned = Redactor()(None, "info", {"event": "call", "headers": {"auth": [TOKENS[0]]}})

    assert TOKENS[0] not in str(cleaned)


def test_json_is_one_object_a_line_with_time_and_level(logged: Callable[[], str]) -> None:
    set_up_logs("json")

    structlog.get_logger().info("reconciled", cluster="orders", writes=1)

    entry = json.loads(logged())
    assert entry["event"] == "reconciled"
    assert entry["cluster"] == "orders"
    assert entry["writes"] == 1
    assert entry["level"] == "info"
    assert entry["timestamp"].endswith("Z")


def test_where_nobody_looks_on_logs_are_json(logged: Callable[[], str]) -> None:
    set_up_logs(None)

    structlog.get_logger().info("reconciled")

    assert json.loads(logged())["event"] == "reconciled"


def test_at_a_terminal_logs_are_for_people(
    logged: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    set_up_logs(None)

    structlog.get_logger().info("reconciled")

    written = logged()
    assert "reconciled" in written
    assert not written.startswith("{")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_is_logged_neither_by_us_nor_by_a_library(
    logged: Callable[[], str], log_format: str
) -> None:
    set_up_logs(log_format, [SIGNING_SECRET])
    ours, theirs = structlog.get_logger(), logging.getLogger("some.library")

    ours.warning("sent %s" % TOKENS[0], header=SIGNING_SECRET)  # noqa: UP031  # as it happens
    theirs.warning("sent %s and %r", TOKENS[4], {"secret": SIGNING_SECRET})
    try:
        int(f"refused {TOKENS[5]} {SIGNING_SECRET}")
    except ValueError:
        ours.exception("failed")
        theirs.exception("failed too")

    written = logged()
    assert written.count("refused [secret] [secret]") == 2
    for secret in (SIGNING_SECRET, *TOKENS):
        assert secret not in written


@pytest.mark.parametrize("library", ["azure.core", "slack_sdk.web", "alembic.runtime"])
def test_libraries_that_talk_a_lot_are_heard_from_warnings_on(
    logged: Callable[[], str], library: str
) -> None:
    set_up_logs("json")

    logging.getLogger(library).info("chatter")
    logging.getLogger(library).warning("trouble")

    written = logged()
    assert "chatter" not in written
    assert "trouble" in written


def test_an_address_link_is_cut_out_wherever_it_stands() -> None:
    clean = Redaction().clean

    assert clean("Exception on /ip/vK3-x_9.aB-c_D [POST]") == "Exception on /ip/[secret] [POST]"
    assert clean('"https://b.example/ip/vK3.aB"') == '"https://b.example/ip/[secret]"'
    assert clean("GET /healthz") == "GET /healthz"


HOSTILE = "red\x1b[31m\r\n2026-11-25T12:00:00Z [info     ] forged  grant=7\u202e\u200b\x07\x9b31m"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_nobody_writes_a_log_entry_of_their_own_or_commands_the_terminal(
    logged: Callable[[], str], log_format: str
) -> None:
    set_up_logs(log_format)
    ours, theirs = structlog.get_logger(), logging.getLogger("some.library")

    ours.warning("refused", error=HOSTILE, deep={"words": [HOSTILE]})
    ours.warning(HOSTILE)
    theirs.warning("said %s", HOSTILE)
    try:
        b"x".decode(HOSTILE)
    except LookupError:
        ours.exception("failed")

    written = logged()
    assert not {"\r", "\x07", "\x9b", "\u200b", "\u202e", "\t"}.intersection(written)
    assert "red\x1b[31m" not in written
    assert not [line for line in written.splitlines() if line.startswith("2026-11-25T12:00:00Z")]
