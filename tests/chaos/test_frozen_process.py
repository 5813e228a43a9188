"""Processes stand still in the middle of their work, as paused machines do, and go on later."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.domain.lifecycle import GrantState
from tests.chaos import frozen_process, report, story, traffic_checks
from tests.chaos.recording_proxy import Exchange, RecordingProxy, TrafficLog
from tests.postgresql import PostgresServer
from tests.processes import FOREIGN, TRUSTED, Place, Process
from tests.scenarios.world import ALICE, IP, ORDERS
from tests.storage import PostgresStorage
from tests.waiting import eventually

_STANDSTILL_SECONDS = 3.0
_FREEZING = (sys.executable, frozen_process.__file__, str(_STANDSTILL_SECONDS))
_STEPS = 200  # a few more than a worker has in the story
_EVERY = int(os.environ.get("DBACCESS_CHAOS_EVERY", "70"))
_ADDED = "ip_addr:198.51.100.33"


class Workers:
    """The workers of a place, each with a proxy, and with less patience for the frozen."""

    def __init__(self, place: Place, traffic: TrafficLog) -> None:
        self._place = place
        self._traffic = traffic
        self._open = ExitStack()
        self._armed = threading.Lock()
        self._acted = threading.Event()
        self._frozen: str | None = None
        self.processes: dict[str, Process] = {}

    def start(self, name: str, command: str = "worker", *, stops_at: int = 0) -> Process:
        """Start a process of its own; it stands still at a step of its work (0: never)."""
        proxy = RecordingProxy(name, self._place.digitalocean.url, self._traffic)
        self._open.enter_context(proxy)
        log = str(self._place.folder / f"steps of {name}")
        self.processes[name] = self._place.begin_with(
            [*_FREEZING, str(stops_at), log, command], {"DIGITALOCEAN_API_URL": proxy.url}
        )
        proxy.on_response = self._heard
        return self.processes[name]

    def freeze_next_reader(self, act: Callable[[], None]) -> str:
        """Act; whoever then reads rules stands still before it knows what it read. Its name."""
        self._armed.acquire()
        act()
        self._acted.set()
        return eventually(lambda: self._frozen)

    def close(self) -> None:
        self._open.close()

    def _heard(self, exchange: Exchange) -> None:
        """Freeze the first to read after there is a grant, once it has been asked for."""
        if exchange.method != "GET" or not self._armed.locked():
            return
        if report.all_grants(self._place):
            self._acted.wait(5)
            self._armed.release()
            self.processes[exchange.who].freeze()
            self._frozen = exchange.who


@pytest.fixture
def traffic() -> TrafficLog:
    return TrafficLog()


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    with place.slack, place.digitalocean:
        yield place
        for process in place.processes:
            process.kill()
    assert not place.digitalocean.ever_empty(ORDERS)


@pytest.fixture
def place(tmp_path: Path, postgresql: PostgresServer) -> Iterator[Place]:
    place = Place(tmp_path, PostgresStorage(postgresql))
    with place.slack, place.digitalocean:
        place.storage.prepare()
        yield place
        for process in place.processes:
            process.kill()
    assert not place.digitalocean.ever_empty(ORDERS)


@pytest.fixture
def workers(place: Place, traffic: TrafficLog) -> Iterator[Workers]:
    workers = Workers(place, traffic)
    yield workers
    workers.close()


def approve(place: Place) -> None:
    """Let Rita ask and Alice approve."""
    place.types(f"request {IP} 1h orders")
    assert place.slack.click(ALICE, place.card(), "Approve").error is None


def calls_since(traffic: TrafficLog, who: str, since: Exchange) -> list[Exchange]:
    exchanges = traffic.of(who, cluster_id=ORDERS)
    return exchanges[exchanges.index(since) + 1 :]


def test_a_worker_frozen_between_read_and_write_does_not_write_its_old_plan(
    place: Place, workers: Workers, traffic: TrafficLog
) -> None:
    workers.start("one")
    workers.start("two")
    place.serve("web")
    frozen = workers.freeze_next_reader(lambda: approve(place))
    old_read = traffic.of(frozen, cluster_id=ORDERS)[-1]
    place.digitalocean.add_rule(ORDERS, "ip_addr", "198.51.100.33", "added by hand")

    eventually(lambda: TRUSTED in place.sources())
    eventually(lambda: [g.state for g in report.all_grants(place)] == [GrantState.ACTIVE])
    workers.processes[frozen].thaw()
    place.until_it_works()
    place.types("revoke 1")
    eventually(lambda: [g.state for g in report.all_grants(place)] == [GrantState.ENDED])

    assert place.sources() == {*FOREIGN, _ADDED}
    then = calls_since(traffic, frozen, old_read)
    assert [call.method for call in then[:1]] != ["PUT"], "it wrote upon its old read"
    assert workers.processes[frozen].lives


@pytest.mark.parametrize("on", ["place", "sqlite_place"])
def test_a_process_frozen_for_a_moment_reads_again_before_it_writes(
    on: str, request: pytest.FixtureRequest, traffic: TrafficLog
) -> None:
    place: Place = request.getfixturevalue(on)
    workers = Workers(place, traffic)
    bot = workers.start("bot", "serve")
    place.slack.bot_url = bot.url()
    workers.freeze_next_reader(lambda: approve(place))
    place.digitalocean.add_rule(ORDERS, "ip_addr", "198.51.100.33", "added by hand")
    threading.Event().wait(_STANDSTILL_SECONDS / 2 + 0.2)  # it is the time that makes the read old
    bot.thaw()

    place.until_it_works()
    assert place.sources() == {*FOREIGN, TRUSTED, _ADDED}
    pairs = traffic_checks.write_pairs(traffic.of("bot", cluster_id=ORDERS))
    assert max(pair.window_ms for pair in pairs) < _STANDSTILL_SECONDS / 2 * 1000
    traffic_checks.check_foreign_kept(pairs, {TRUSTED})
    workers.close()


@pytest.mark.parametrize("step", range(1, _STEPS, _EVERY))
def test_a_frozen_worker_blocks_no_other(place: Place, workers: Workers, step: int) -> None:
    """One worker stands still at a step of its work, and another does all that is left."""
    first = workers.start("first", stops_at=step)
    over = threading.Event()

    def replace_when_frozen() -> None:
        while not over.wait(0.02):
            if first.stands_still:
                workers.start("second")
                return

    substitute = threading.Thread(target=replace_when_frozen)
    substitute.start()
    place.serve("web")
    story.play(place)
    over.set()
    substitute.join()
    first.thaw()
    story.check(place)
    assert first.lives
