"""Many users, two web processes, and three workers that are killed and frozen, on PostgreSQL."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bot.domain.audit_actions import Action
from bot.domain.lifecycle import EndReason, GrantState
from tests.chaos import many_users, report, traffic_checks
from tests.chaos.many_users import Users
from tests.chaos.recording_proxy import TrafficLog
from tests.chaos.worker_pool import WorkerPool
from tests.postgresql import PostgresServer
from tests.processes import FOREIGN, Place
from tests.storage import PostgresStorage
from tests.waiting import eventually

_REQUESTS = 40  # they take fewer calls than one minute allows
_SEEDS = range(1, 1 + int(os.environ.get("DBACCESS_CHAOS_SEEDS", "1")))
_REQUESTS_PER_DISRUPTION = 8
_PATIENCE_SECONDS = 240  # where the rate limit was spent, a minute passes
_WORKED, _TOO_LATE = (
    ["You can connect", "(?:has|was) ended"],
    ["(?:has|was) ended|could not be opened"],
)


@pytest.fixture
def place(tmp_path: Path, postgresql: PostgresServer) -> Iterator[Place]:
    place = Place(tmp_path, PostgresStorage(postgresql))
    many_users.set_up(place)
    with place.slack, place.digitalocean:
        place.storage.prepare()
        yield place
        for process in place.processes:
            process.kill()


@pytest.mark.timeout(3 * _PATIENCE_SECONDS)
@pytest.mark.parametrize("seed", _SEEDS)
def test_many_users_are_served_while_workers_crash_and_freeze(
    place: Place, seed: int, record_property: Callable[[str, object], None]
) -> None:
    pool = WorkerPool(place, TrafficLog(), workers=3, seed=seed)
    webs = [place.begin("web"), place.begin("web")]
    people = Users(place, [web.url() for web in webs], seed=seed)

    _play(place, people, pool)
    try:
        eventually(lambda: _is_over(place, people), seconds=_PATIENCE_SECONDS)
        eventually(lambda: not report.has_pending(place), seconds=_PATIENCE_SECONDS)
    except AssertionError:
        raise AssertionError("\n".join(_unfinished(place, people))) from None
    duplicates = _check_told(place, people)
    _check_audit(place)
    _check_rules(place, pool)
    pool.close()
    for name, value in {"crashes": pool.crashes, "cards told twice": duplicates}.items():
        record_property(name, value)
        print(f"{name}: {value}")  # noqa: T201


def _play(place: Place, people: Users, pool: WorkerPool) -> None:
    while people.requested < _REQUESTS:
        people.request_access()
        people.act_on_messages()
        if people.requested % _REQUESTS_PER_DISRUPTION == 0:
            pool.disrupt()
    pool.disrupt()
    pool.disrupt()
    pool.stop_disrupting()


def _is_over(place: Place, people: Users) -> bool:
    people.act_on_messages()
    known = report.all_grants(place)
    return len(known) == _REQUESTS and all(g.state is GrantState.ENDED for g in known)


def _unfinished(place: Place, people: Users) -> Iterator[str]:
    """Yield what never came to its end, with what its people saw, for whoever reads a failure."""
    for grant in report.all_grants(place):
        if grant.state is not GrantState.ENDED:
            yield f"{grant}: {[one.text for one in place.slack.dms(grant.requester)][-3:]}"
    yield from (f"undecided: {card.text}" for card in people.cards() if "Approve" in card.buttons)
    yield from map(str, report.pending(place))


def _check_told(place: Place, people: Users) -> int:
    """Each request has its card, and each change was told, in order; return the cards too many."""
    cards = Counter(int(number) for card in people.cards() for number in _numbers(card.text))
    assert set(cards) == {grant.id for grant in report.all_grants(place)}
    worked = report.applied_grants(place)
    later = report.told_by_a_later_message(place)
    left_out = {number for kind, number in later if kind == "grant_started"}
    for grant in report.all_grants(place):
        told = [text for m in place.slack.dms(grant.requester) for text in m.all_versions]
        steps = _WORKED if grant.id in worked - left_out else _TOO_LATE
        places = [_first(told, grant.id, words) for words in steps]
        assert places == sorted(places), f"#{grant.id} was told in another order"
    for process in place.processes:
        assert not [line for line in process.lines if "deadlock" in line.lower()]
    assert report.dead_lettered(place) == []
    assert place.slack.problems == []
    return cards.total() - len(cards)


def _check_audit(place: Place) -> None:
    done = Counter((row.action, row.request_id) for row in report.audit_rows(place))
    once = (Action.REQUESTED, Action.APPROVED, Action.GRANTED, Action.ENDED)
    for number in (grant.id for grant in report.all_grants(place)):
        assert [done[action, number] for action in once] == [1, 1, 1, 1], f"P6: #{number}"
    worked = report.applied_grants(place)
    reasons = {grant.end_reason for grant in report.all_grants(place) if grant.id in worked}
    assert {EndReason.REVOKED} <= reasons <= {EndReason.EXPIRED, EndReason.REVOKED}
    assert len(worked) > _REQUESTS / 2, "for too many, their time was up before it began"


def _check_rules(place: Place, pool: WorkerPool) -> None:
    ours = {f"ip_addr:203.0.113.{number}" for number in range(1, _REQUESTS + 1)}
    for cluster_id in many_users.CLUSTERS.values():
        assert place.digitalocean.sources(cluster_id) == FOREIGN, "P1, P3"
        assert not place.digitalocean.ever_empty(cluster_id), "P2"
        by_worker = pool.exchanges(cluster_id).values()
        pairs = [pair for asked in by_worker for pair in traffic_checks.write_pairs(asked)]
        everybody = [exchange for asked in by_worker for exchange in asked]
        assert not [other for pair in pairs for other in pair.writes_between(everybody)]
        writes = sorted((pair.write for pair in pairs), key=lambda write: write.asked_at)
        for one, next_one in pairwise(writes):
            assert one.answered_at <= next_one.asked_at, "two writes at the same time"
        traffic_checks.check_foreign_kept(pairs, ours)


def _numbers(text: str) -> list[str]:
    return re.findall(r"Request #(\d+)", text)[:1]


def _first(told: list[str], number: int, words: str) -> int:
    """Return where something about a request was first told."""
    about = re.compile(rf"#{number}\b.*{words}", re.DOTALL)
    found = [place for place, text in enumerate(told) if about.search(text)]
    assert found, f"#{number} {words}: nobody was told"
    return found[0]
