"""A crowd at two doors, and three workers that are killed and frozen meanwhile, on PostgreSQL."""

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bot.domain.lifecycle import EndReason, GrantState
from bot.store.audit import Action
from tests.chaos import books, crowd, testimony
from tests.chaos.crowd import Crowd
from tests.chaos.line import Record
from tests.chaos.shift import Shift
from tests.postgresql import PostgresServer
from tests.processes import FOREIGN, Place
from tests.storage import PostgresStorage
from tests.waiting import eventually

_REQUESTS = 60
_SEEDS = range(1, 1 + int(os.environ.get("DBACCESS_CHAOS_SEEDS", "1")))
_STRIKE_SECONDS = 2.5
_WORKED, _TOO_LATE = ["works now", "has ended"], ["could not be put in place"]


@pytest.fixture
def place(tmp_path: Path, postgresql: PostgresServer) -> Iterator[Place]:
    place = Place(tmp_path, PostgresStorage(postgresql))
    crowd.settle_in(place)
    with place.slack, place.digitalocean:
        assert place.run("migrate").returncode == 0
        yield place
        for process in place.processes:
            process.kill()


@pytest.mark.parametrize("seed", _SEEDS)
def test_a_crowd_is_served_though_workers_die_and_stand_still(
    place: Place, seed: int, record_property: Callable[[str, object], None]
) -> None:
    shift = Shift(place, Record(), workers=3, seed=seed)
    doors = [place.begin("web"), place.begin("web")]
    people = Crowd(place, [door.url() for door in doors], seed=seed)

    _play(place, people, shift)
    eventually(lambda: _is_over(place, people), seconds=60)
    eventually(lambda: not books.is_owed(place), seconds=60)
    duplicates = _check_told(place, people)
    _check_books(place)
    _check_rules(place, shift)
    shift.close()
    for name, value in {"deaths": shift.deaths, "cards told twice": duplicates}.items():
        record_property(name, value)
        print(f"{name}: {value}")  # noqa: T201


def _play(place: Place, people: Crowd, shift: Shift) -> None:
    strike_at = time.monotonic() + _STRIKE_SECONDS
    while people.asked < _REQUESTS:
        people.ask()
        people.attend()
        if time.monotonic() > strike_at:
            shift.strike()
            strike_at = time.monotonic() + _STRIKE_SECONDS
    shift.strike()
    shift.strike()
    shift.calm()


def _is_over(place: Place, people: Crowd) -> bool:
    people.attend()
    known = books.all_grants(place)
    return len(known) == _REQUESTS and all(g.state is GrantState.ENDED for g in known)


def _check_told(place: Place, people: Crowd) -> int:
    """Each request has its card, and each change was told, in order; return the cards too many."""
    cards = Counter(int(number) for card in people.cards() for number in _numbers(card.text))
    assert set(cards) == {grant.id for grant in books.all_grants(place)}
    worked = books.applied(place)
    for grant in books.all_grants(place):
        told = [m.all_text for m in place.slack.dms(grant.requester)]
        steps = ["is approved by", *(_WORKED if grant.id in worked else _TOO_LATE)]
        places = [_first(told, grant.id, words) for words in steps]
        assert places == sorted(places), f"#{grant.id} was told in another order"
    for process in place.processes:
        assert not [line for line in process.lines if "deadlock" in line.lower()]
    assert books.given_up(place) == []
    assert place.slack.problems == []
    return cards.total() - len(cards)


def _check_books(place: Place) -> None:
    done = Counter((row.action, row.request_id) for row in books.all_rows(place))
    once = (Action.REQUESTED, Action.APPROVED, Action.GRANTED, Action.ENDED)
    for number in (grant.id for grant in books.all_grants(place)):
        assert [done[action, number] for action in once] == [1, 1, 1, 1], f"P6: #{number}"
    worked = books.applied(place)
    reasons = {grant.end_reason for grant in books.all_grants(place) if grant.id in worked}
    assert reasons == {EndReason.EXPIRED, EndReason.REVOKED}
    assert len(worked) > _REQUESTS / 2, "for too many, their time was up before it began"


def _check_rules(place: Place, shift: Shift) -> None:
    ours = {f"ip_addr:203.0.113.{number}" for number in range(1, _REQUESTS + 1)}
    for cluster_id in crowd.CLUSTERS.values():
        assert place.digitalocean.sources(cluster_id) == FOREIGN, "P1, P3"
        assert not place.digitalocean.ever_empty(cluster_id), "P2"
        by_worker = shift.exchanges(cluster_id).values()
        pairs = [pair for asked in by_worker for pair in testimony.written(asked)]
        everybody = [exchange for asked in by_worker for exchange in asked]
        assert not [other for pair in pairs for other in pair.happened_within(everybody)]
        writes = sorted((pair.write for pair in pairs), key=lambda write: write.asked_at)
        for one, next_one in pairwise(writes):
            assert one.answered_at <= next_one.asked_at, "two writes at the same time"
        testimony.check_foreign_kept(pairs, ours)


def _numbers(text: str) -> list[str]:
    return re.findall(r"Request #(\d+)", text)[:1]


def _first(told: list[str], number: int, words: str) -> int:
    """Return where something about a request was first told."""
    about = re.compile(rf"#{number}\b.*{words}", re.DOTALL)
    found = [place for place, text in enumerate(told) if about.search(text)]
    assert found, f"#{number} {words}: nobody was told"
    return found[0]
