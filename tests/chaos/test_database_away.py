"""The database goes away for a while, or hangs: people hear of it, and nothing is lost by it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bot.domain.lifecycle import GrantState
from dbaccess_playground.slack.dispatch import Answer
from tests.chaos import report
from tests.postgresql import PostgresServer, binaries
from tests.processes import FOREIGN, TRUSTED, Place
from tests.scenarios.world import ALICE, APPROVALS, ORDERS, RITA
from tests.storage import PostgresStorage
from tests.waiting import eventually

_AWAY = "dbaccess can't reach its database"
_SLOW = "The database doesn't answer"
_SLACK_SECONDS = 3.0
_OTHER = "203.0.113.5"


@pytest.fixture
def server(postgresql: PostgresServer) -> Iterator[PostgresServer]:
    """A server of one's own, which may go away."""
    programs = binaries()
    assert programs is not None  # the shared one runs
    with PostgresServer(programs) as server:
        yield server


@pytest.fixture
def place(tmp_path: Path, server: PostgresServer) -> Iterator[Place]:
    place = Place(tmp_path, PostgresStorage(server))
    with place.slack, place.digitalocean:
        place.storage.prepare()
        place.begin("worker")
        place.serve("web")
        yield place
        for process in place.processes:
            process.kill()
    assert not place.digitalocean.ever_empty(ORDERS)


def types(place: Place, text: str) -> Answer:
    return place.slack.command(RITA, text, channel_id="C0GENERAL")


def whispered(place: Place, user: str, words: str) -> int:
    return sum(words in message.all_text for message in place.slack.ephemerals(user))


def is_ready(place: Place) -> bool:
    return requests.get(f"{place.slack.bot_url}/readyz", timeout=20).ok


def states(place: Place) -> list[GrantState]:
    return [grant.state for grant in report.all_grants(place)]


def check_answered(place: Place, text: str) -> None:
    """Let Rita type; she hears within Slack's patience, and soon that the database is away."""
    before = whispered(place, RITA, _AWAY) + whispered(place, RITA, _SLOW)
    answer = types(place, text)
    assert answer.error is None
    assert answer.seconds < _SLACK_SECONDS
    eventually(lambda: whispered(place, RITA, _AWAY) + whispered(place, RITA, _SLOW) > before)


def test_while_the_database_is_down_people_are_told_and_nothing_is_lost(
    place: Place, server: PostgresServer
) -> None:
    place.lend("8s")
    ends_at = time.monotonic() + 8
    place.types(f"request {_OTHER} 1h orders")
    card = eventually(lambda: place.slack.messages(APPROVALS, replies=False)[1:])[-1]
    eventually(lambda: not report.has_pending(place))  # it is known which message is the card
    server.stop()

    assert _AWAY in types(place, "request 203.0.113.6 1h orders").text
    check_answered(place, "list")
    pressed = place.slack.click(ALICE, card, "Approve")
    assert pressed.error is None
    eventually(lambda: whispered(place, ALICE, _AWAY))
    assert not is_ready(place)
    eventually(lambda: time.monotonic() > ends_at)
    assert place.sources() == {*FOREIGN, TRUSTED}, "nobody could know that its time is up"

    server.start()
    eventually(lambda: place.told("has ended"))
    assert TRUSTED not in place.sources()
    eventually(lambda: is_ready(place))
    assert place.slack.click(ALICE, card, "Approve").error is None
    eventually(lambda: f"ip_addr:{_OTHER}" in place.sources())
    eventually(lambda: states(place) == [GrantState.ENDED, GrantState.ACTIVE])
    eventually(lambda: not report.has_pending(place))
    assert report.dead_lettered(place) == []
    assert place.slack.problems == []
    assert all(process.lives for process in place.processes)


def test_after_the_database_was_down_wake_ups_are_heard_again(
    place: Place, server: PostgresServer
) -> None:
    worker = place.processes[0]
    server.stop()
    eventually(lambda: any("listening for signals failed" in line for line in worker.lines))
    server.start()
    eventually(lambda: is_ready(place))
    eventually(lambda: _listeners(server))


def _listeners(server: PostgresServer) -> bool:
    """Tell whether a worker listens, by the server's word."""
    asked = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    return bool(server.ask(asked))


def test_while_the_database_hangs_people_are_answered_in_time_and_nothing_is_lost(
    place: Place, server: PostgresServer
) -> None:
    place.lend("6s")
    place.types(f"request {_OTHER} 1h orders")
    card = eventually(lambda: place.slack.messages(APPROVALS, replies=False)[1:])[-1]
    eventually(lambda: not report.has_pending(place))  # it is known which message is the card
    server.freeze()
    try:
        check_answered(place, "list")
        check_answered(place, "request 203.0.113.6 1h orders")
        pressed = place.slack.click(ALICE, card, "Approve")
        assert pressed.error is None
        assert pressed.seconds < _SLACK_SECONDS
        eventually(lambda: whispered(place, ALICE, _SLOW) + whispered(place, ALICE, _AWAY))
        eventually(lambda: whispered(place, RITA, _AWAY))
    finally:
        server.thaw()

    eventually(lambda: place.told("has ended"))
    assert TRUSTED not in place.sources()
    eventually(lambda: is_ready(place))
    if f"ip_addr:{_OTHER}" not in place.sources():
        assert place.slack.click(ALICE, card, "Approve").error is None
    eventually(lambda: f"ip_addr:{_OTHER}" in place.sources())
    eventually(lambda: states(place)[:2] == [GrantState.ENDED, GrantState.ACTIVE])
    eventually(lambda: not report.has_pending(place))
    assert place.slack.problems == []
    assert all(process.lives for process in place.processes)
