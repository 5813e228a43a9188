"""A full disk, a read-only database: nothing can be saved, and everybody hears why, once."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from structlog.testing import capture_logs

from bot.bootstrap.components import watch_database
from bot.faults import DatabaseTrouble
from bot.store import database_state
from tests.scenarios.broken_database import (
    Broken,
    full_file,
    full_server,
    read_only_file,
    read_only_server,
)
from tests.scenarios.observing import scrape
from tests.scenarios.test_health import problems, ready
from tests.scenarios.world import ALICE, BOB, IP, OSCAR, RITA, World
from tests.storage import Storage, storage_of

BROKEN: dict[str, tuple[Broken, str, str, str]] = {
    "full-sqlite": (
        full_file,
        "full",
        "The database of dbaccess is full",
        "database or disk is full",
    ),
    "read_only-sqlite": (
        read_only_file,
        "read_only",
        "The database of dbaccess is read-only",
        "attempt to write a readonly database",
    ),
    "full-postgresql": (
        full_server,
        "full",
        "The database of dbaccess is full",
        "No space left on device",
    ),
    "read_only-postgresql": (
        read_only_server,
        "read_only",
        "The database of dbaccess is read-only",
        "in a read-only transaction",
    ),
}


@pytest.fixture
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def storage(case: str, request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return storage_of(case.partition("-")[2], request, tmp_path)


@pytest.fixture
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an outage last after a moment, and be over a moment after it was fixed."""
    monkeypatch.setattr(database_state, "LASTING_SECONDS", 1.0)
    monkeypatch.setitem(database_state._CALM_SECONDS, DatabaseTrouble.FULL, (8.0, 8.0))


@pytest.mark.parametrize("case", BROKEN, indirect=True)
@pytest.mark.usefixtures("_quickly")
def test_what_cannot_be_saved_is_told_to_everybody_once(world: World, case: str) -> None:
    broken, trouble, sentence, said = BROKEN[case]
    world.beat()
    world.types(RITA, f"request {IP} 2h orders")
    card = world.card
    with capture_logs() as logs, world.at_work() as worker:
        watch_database(world.service.components, worker)
        world.eventually(lambda: not worker.in_progress())
        with broken(world):
            assert any(sentence in answer for answer in asked_in_vain(world))
            if case != "full-sqlite":  # there, what is small may still find room
                assert world.slack.click(ALICE, card, "Approve").error is None
                world.eventually(lambda: any(sentence in one for one in world.whispered(ALICE)))
            world.eventually(lambda: any("can't use its database" in x for x in world.operators()))
            wrong = problems(world)
            assert said in wrong["database"]
            assert "schema" not in wrong
            assert wrong["worker"] == "not known while nothing can be saved"
            assert scrape(world)("dbaccess_database_up") == 1
            assert scrape(world)("dbaccess_database_writable") == 0
            sleep(2)
        world.eventually(lambda: any("can use its database again" in x for x in world.operators()))
        assert scrape(world)("dbaccess_database_writable") == 1
        world.eventually(lambda: ready(world)[0] == 200)
        world.slack.click(ALICE, card, "Approve")
        world.eventually(lambda: f"ip_addr:{IP}" in world.sources())
    heard = [one for one in world.operators() if "its database" in one]
    assert len(heard) == 2
    assert said in heard[0]
    outages = [one for one in logs if one["event"] == "database unavailable"]
    assert [(one["trouble"], one["log_level"]) for one in outages] == [(trouble, "warning")]
    assert [one["event"] for one in logs].count("database back") == 1
    assert [one for one in logs if "exc_info" in one] == []


@pytest.mark.parametrize("case", list(BROKEN)[1:], indirect=True)  # those where no write works
@pytest.mark.usefixtures("_quickly")
def test_a_cluster_that_cannot_be_recorded_is_not_tried_without_a_pause(
    world: World, case: str
) -> None:
    broken = BROKEN[case][0]
    with world.at_work() as worker:
        watch_database(world.service.components, worker)
        world.eventually(lambda: not worker.in_progress())
        with broken(world):
            before = tried(world)
            world.clock.advance(minutes=6)  # the next drift check is due
            sleep(3)
            assert 1 <= tried(world) - before <= 4
            done = reconciled(world)
        began = monotonic()
        world.eventually(lambda: reconciled(world) > done)
        assert monotonic() - began < 10


def asked_in_vain(world: World) -> Iterator[str]:
    """Let people ask, until there is certainly no room left; yield what they are told."""
    for number in range(40):
        person = (RITA, BOB, OSCAR)[number % 3]
        typed = f"request 198.51.100.{number + 20} 2h orders " + "why " * 100
        yield world.slack.command(person, typed, channel_id="C0GENERAL").text


def tried(world: World) -> float:
    return scrape(world)("dbaccess_reconciles_total", outcome="database_away") or 0


def reconciled(world: World) -> float:
    return scrape(world)("dbaccess_reconciles_total", outcome="done") or 0
