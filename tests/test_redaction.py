"""Secrets are cut out in whatever form they turn up; the attempts to get one through."""

import base64
import json
import subprocess
import sys
from urllib.parse import quote, quote_plus

import pytest

from bot.logs import Redactor
from bot.redaction import Redaction

SECRET = "p@ss/w\u00f6rd+\"1'\\ 7"
PLAIN = "8f742231b10e8888abcd99yyyzzz85a5"
HEX = "0123456789abcdef"


@pytest.mark.parametrize(
    "shape",
    [str, quote, quote_plus, json.dumps, repr, lambda s: repr(s.encode()), lambda s: repr([s])],
    ids=["bare", "quoted", "form", "json", "repr", "bytes", "list"],
)
@pytest.mark.parametrize("secret", [SECRET, PLAIN], ids=["odd", "plain"])
def test_a_secret_is_found_however_it_was_quoted(shape: object, secret: str) -> None:
    assert callable(shape)
    shown = shape(secret)
    cleaned = Redaction([secret]).clean(f"it was {shown}.")
    assert shown.strip("b'\"[]") not in cleaned
    assert "[secret]" in cleaned


@pytest.mark.parametrize("before", ["", "u", "us", "user:", "dbaccess:"])
@pytest.mark.parametrize("after", ["", "!", "\n"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_in_base64_is_found_wherever_it_stands(
    before: str, after: str, encode: object
) -> None:
    assert callable(encode)
    encoded = encode(f"{before}{PLAIN}{after}".encode()).decode()
    cleaned = Redaction([PLAIN]).clean(f"sent {encoded} off")
    assert "[secret]" in cleaned
    left = cleaned.removeprefix("sent ").removesuffix(" off").replace("[secret]", "")
    assert len(left) <= len(encoded) - len(PLAIN)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("postgresql://bot:hunter2@db.example/x", "postgresql://bot:[secret]@db.example/x"),
        ("postgresql+psycopg://bot:h:u@nter@db/x", "postgresql+psycopg://bot:[secret]@db/x"),
        ("host=db password=hunter2 user=bot", "host=db password=[secret] user=bot"),
        ("host=db password='hun ter2' user", "host=db password='[secret] ter2' user"),
        ('{"client_secret": "abcdef"}', '{"client_secret": "[secret]"}'),
        ("{'token': b'abcdef'}", "{'token': b'[secret]'}"),
        ("Authorization: Bearer abc.def-1", "Authorization: Bearer [secret]"),
        ("{'Authorization': 'Bearer abc.def-1'}", "{'Authorization': 'Bearer [secret]'}"),
        ("authorization: Basic dXNlcjpwYXNzd29yZA==", "authorization: Basic [secret]"),
        ("(eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.aGk-_A)", "([secret])"),
        ("my_xoxb-12-ab", "my_[secret]"),
        ("xoxe.xoxp-1-Mi0y", "xoxe.[secret]"),
        ("cookie xoxd-ab%2Bcd%3D", "cookie [secret]"),
        ("POST /commands/T0RITA/12/abc HTTP/1.1", "POST [secret] HTTP/1.1"),
        ("https://hooks.slack.com/services/T0/B0/abc", "[secret]"),
        (
            "wss://w.slack.com/?ticket=ab-cd&app_id=1",
            "wss://w.slack.com/?ticket=[secret]&app_id=1",
        ),
    ],
)
def test_what_carries_a_secret_is_known_by_its_shape(text: str, cleaned: str) -> None:
    assert Redaction().clean(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "https://dbaccess.example.com:8443/readyz",
        "DigitalOcean does not accept the token for this (403): forbidden",
        "#17 of U0RITA on orders: ip_addr:203.0.113.4 until 2026-11-25T12:00:00Z",
        "mail rita@example.com at 10:30",
        "Basic rules apply to bearers of tokens",
        "/v2/databases/9cc10173-e9ea-4176-9dbc-a4cee4c4ff30/firewall",
    ],
)
def test_what_only_looks_a_little_like_it_stays(text: str) -> None:
    assert Redaction([PLAIN]).clean(text) == text


def test_cleaning_twice_changes_nothing_more() -> None:
    redaction = Redaction([PLAIN])
    once = redaction.clean(f"Bearer {PLAIN} postgresql://a:{PLAIN}@b password={PLAIN}")
    assert redaction.clean(once) == once
    assert PLAIN not in once


def test_neither_a_key_nor_a_private_looking_one_gets_a_secret_through() -> None:
    entry = {"event": "x", "_token": PLAIN, PLAIN: 1, "deep": {"a": [{PLAIN: PLAIN}]}}
    assert PLAIN not in str(Redactor([PLAIN])(None, "info", entry))


def test_a_secret_in_an_exceptions_arguments_notes_and_causes_is_cut_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = f"""
import logging, structlog
from bot.logs import set_up_logs
set_up_logs("json", ["{PLAIN}"], level=logging.DEBUG)
logging.getLogger("urllib3").debug('%s "POST %s"', "https://hooks:443", "/commands/T0/1/{HEX}")
logging.getLogger("slack_sdk").warning("headers: %s", {{"Authorization": "Bearer xoxb-1-{HEX}"}})
try:
    try:
        raise KeyError({{"k": b"{PLAIN}"}})
    except KeyError as error:
        error.add_note("see postgresql://bot:{HEX}@db/x")
        raise RuntimeError("dop_v1_{HEX}", b"{PLAIN}") from error
except RuntimeError:
    structlog.get_logger().exception("failed")
    logging.getLogger("theirs").exception("failed too")
"""
    said = _stderr_of(code)
    assert said.count("RuntimeError") >= 2
    assert PLAIN not in said
    assert HEX not in said


@pytest.mark.parametrize("where", ["main", "thread", "warning"])
def test_what_nobody_catches_is_logged_and_not_printed(where: str) -> None:
    acts = {
        "main": "act()",
        "thread": "t = threading.Thread(target=act); t.start(); t.join()",
        "warning": "warnings.warn(SECRET)",
    }
    code = f"""
import threading, warnings
from bot.logs import log_crashes, set_up_logs
SECRET = "{PLAIN[:16]}" + "{PLAIN[16:]}"
set_up_logs("json", [SECRET]); log_crashes()
def act(): raise RuntimeError(SECRET)
{acts[where]}
"""
    said = _stderr_of(code)
    assert PLAIN not in said
    [entry] = [json.loads(line) for line in said.splitlines()]
    assert "[secret]" in str(entry)


def _stderr_of(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    ).stderr
