"""What `dbaccess check` says of the stream's receiver."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.checks.findings import Finding, Level
from bot.checks.stream import check_stream
from bot.config import load_settings, parse_policy
from tests.scenarios.world import policy
from tests.stream.siem import OLD_SECRET, SECRET, Siem, serving

Checked = Callable[..., list[Finding]]


@pytest.fixture
def siem() -> Iterator[Siem]:
    with serving() as siem:
        yield siem


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Checked:
    """What is found with that receiver and that secret."""
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "DIGITALOCEAN_TOKEN"):
        monkeypatch.setenv(name, "value-of-it")
    monkeypatch.chdir(tmp_path)

    def check(url: str | None, secret: str = SECRET, *, live: bool = False) -> list[Finding]:
        monkeypatch.setenv("DBACCESS_STREAM_SECRET", secret)
        written = policy() | ({"stream": {"url": url}} if url else {})
        return list(check_stream(load_settings(), parse_policy(written), live=live))

    return check


def test_without_a_stream_there_is_nothing_to_say_but_of_a_secret(checked: Checked) -> None:
    assert checked(None, "") == []
    [found] = checked(None)
    assert (found.level, found.words) == (
        Level.HINT,
        "DBACCESS_STREAM_SECRET is set, but there is no [stream]",
    )


def test_a_receiver_is_reached_and_nothing_is_sent(checked: Checked, siem: Siem) -> None:
    [found] = checked(siem.url)
    assert found.level is Level.OK
    assert "can be reached" in found.words
    assert siem.arrivals == []


def test_live_sends_an_event_that_is_signed(checked: Checked, siem: Siem) -> None:
    [found] = checked(siem.url, live=True)
    assert found.level is Level.OK
    [event] = (arrival.event for arrival in siem.taken)
    assert event["type"] == "dbaccess.stream.ping"
    assert event["id"] in found.words


def test_a_receiver_that_does_not_take_it_is_a_fault(checked: Checked, siem: Siem) -> None:
    [found] = checked(siem.url, OLD_SECRET, live=True)
    assert found.level is Level.FAULT
    assert found.words.endswith(": it answered 401 (Unauthorized)")


@pytest.mark.parametrize("live", [False, True])
def test_a_receiver_that_is_away_is_a_fault(checked: Checked, live: bool) -> None:
    with serving() as gone:
        url = gone.url
    [found] = checked(url, live=live)
    assert found.level is Level.FAULT
    assert "no connection" in found.words


def test_a_rotation_is_mentioned_until_it_is_over(checked: Checked, siem: Siem) -> None:
    hint, found = checked(siem.url, f"{OLD_SECRET},{SECRET}", live=True)
    assert hint.level is Level.HINT
    assert "an old secret signs, too" in hint.words
    assert found.level is Level.OK


def test_a_receiver_without_a_secret_is_a_fault_and_not_tried(checked: Checked, siem: Siem) -> None:
    [found] = checked(siem.url, "", live=True)
    assert found.level is Level.FAULT
    assert found.words.startswith("DBACCESS_STREAM_SECRET: is missing")
    assert siem.arrivals == []
