"""A full disk, a read-only database: nothing can be saved, and everybody hears why, once."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from bot.bootstrap import watch_database
from bot.faults import DatabaseTrouble
from bot.store import database_state
from bot.store.database import Database
from tests.scenarios.observing import scrape
from tests.scenarios.test_health import problems, ready
from tests.scenarios.world import ALICE, BOB, IP, OSCAR, RITA, World
from tests.storage import Storage, storage_of

Broken = Callable[[World], AbstractContextManager[None]]


def database_of(world: World) -> Database:
    return world.service.components.database


@contextmanager
def each_connection(world: World, pragma: str) -> Iterator[None]:
    """Let SQLite refuse something in every connection."""
    engine = database_of(world).engine

    def refuse(connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", refuse)
    engine.dispose()
    yield
    event.remove(engine, "connect", refuse)
    engine.dispose()


@contextmanager
def full_file(world: World) -> Iterator[None]:
    """Let the file not grow any more, and take all the room that is left in it."""
    with each_connection(world, "max_page_count = 1"):  # it takes the present count for that
        other = sqlite3.connect(str(database_of(world).url.database), isolation_level=None)
        other.execute("PRAGMA busy_timeout = 30000")
        other.execute("CREATE TABLE filler (content)")
        other.execute("PRAGMA max_page_count = 1")
        for size in (2000, 10):
            with suppress(sqlite3.OperationalError):
                while True:
                    other.execute("INSERT INTO filler VALUES (zeroblob(?))", [size])
        yield
    other.execute("PRAGMA max_page_count = 1000000")
    other.close()


@contextmanager
def read_only_file(world: World) -> Iterator[None]:
    with each_connection(world, "query_only = ON"):
        yield


@contextmanager
def full_server(world: World) -> Iterator[None]:
    """Let PostgreSQL refuse each row as it does where there is no room for it."""
    with psycopg.connect(_url(world), autocommit=True) as administrator:
        administrator.execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
            """ 'could not extend file "base/5/2619": No space left on device'"""
            " USING ERRCODE = 'disk_full'; END $$"
        )
        tables = administrator.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        for (table,) in tables:
            administrator.execute(
                f'CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON "{table}" '.encode()
                + b"FOR EACH STATEMENT EXECUTE FUNCTION no_room()"
            )
        yield
        administrator.execute("DROP FUNCTION no_room CASCADE")


@contextmanager
def read_only_server(world: World) -> Iterator[None]:
    """Let each transaction be as on a standby, or on a server whose disk is nearly full."""
    engine, is_over = database_of(world).engine, False

    def refuse(connection: psycopg.Connection[Any], _record: Any, _proxy: Any) -> None:
        connection.read_only = None if is_over else True

    event.listen(engine, "checkout", refuse)
    yield
    is_over = True


def _url(world: World) -> str:
    return database_of(world).url.set(drivername="postgresql").render_as_string(False)


BROKEN: dict[str, tuple[Broken, str, str, str]] = {
    "full-sqlite": (full_file, "full", "My database is full", "database or disk is full"),
    "read_only-sqlite": (
        read_only_file,
        "read_only",
        "My database is read-only",
        "attempt to write a readonly database",
    ),
    "full-postgresql": (full_server, "full", "My database is full", "No space left on device"),
    "read_only-postgresql": (
        read_only_server,
        "read_only",
        "My database is read-only",
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
            world.eventually(lambda: any("cannot use its database" in x for x in world.operators()))
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
        began = monotonic()
        done = reconciled(world)
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
