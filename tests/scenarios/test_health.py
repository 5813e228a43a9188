"""/healthz and /readyz say what is wrong, at once, whatever hangs."""

import json
from time import monotonic
from typing import Any

import psycopg
import pytest
import requests
from sqlalchemy import text

from bot.clock import SystemClock
from bot.database_url import database_url
from bot.store import schema
from bot.store.database import Database
from bot.web.health import Health
from dbaccess_playground.faults import Fault
from tests.postgresql import PostgresServer
from tests.scenarios.observing import scrape
from tests.scenarios.world import RITA, World
from tests.waiting import eventually

ALL_WELL = [
    {"check": "database", "ok": True},
    {"check": "schema", "ok": True},
    {"check": "worker", "ok": True},
    {"check": "periodic jobs", "ok": True},
    {"check": "slack", "ok": True},
]


def ready(world: World) -> tuple[int, list[dict[str, Any]]]:
    """Ask `/readyz`; its status, and what it says line by line."""

    def asked() -> tuple[int, list[dict[str, Any]]] | None:
        answer = requests.get(f"{world.service.url}/readyz", timeout=30)
        if "in time" in answer.text:  # the machine is busy
            return None
        return answer.status_code, [json.loads(line) for line in answer.text.splitlines()]

    return eventually(asked)


def problems(world: World) -> dict[str, str]:
    """What `/readyz` finds wrong, by check."""
    status, lines = ready(world)
    wrong = {line["check"]: line["problem"] for line in lines if not line["ok"]}
    assert status == (503 if wrong else 200)
    return wrong


def test_ready_is_who_has_database_schema_and_a_worker_that_runs(world: World) -> None:
    world.beat()
    assert ready(world) == (200, ALL_WELL)


def test_a_worker_that_never_ran_is_missed(world: World) -> None:
    assert "no worker has ever run" in problems(world)["worker"]


@pytest.mark.both_databases
def test_a_worker_that_has_not_run_lately_is_missed(world: World) -> None:
    world.beat()
    world.clock.advance(seconds=31)
    wrong = problems(world)
    assert list(wrong) == ["worker", "periodic jobs"]
    assert "no worker has run since" in wrong["worker"]
    assert wrong["periodic jobs"] == "not known without a worker"


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("code", "fix"),
    [("token_revoked", "put the app's current token"), ("missing_scope", "from the manifest")],
)
def test_an_installation_that_slack_refuses_is_told_with_the_mend(
    world: World, code: str, fix: str
) -> None:
    answer = json.dumps({"ok": False, "error": code})
    world.slack.faults.add(Fault.answer(answer, target="chat.postMessage", times=None))
    world.types(RITA, "request 203.0.113.4 2h orders")
    world.pass_time(minutes=5)
    world.beat()

    wrong = problems(world)
    assert f"({code})" in wrong["slack"]
    assert fix in wrong["slack"]
    refused = scrape(world)("dbaccess_slack_refused_seconds", code=code)
    assert (refused or 0) >= 300

    world.slack.faults.clear()
    world.pass_time(minutes=1)
    world.beat()
    assert "slack" not in problems(world)
    assert scrape(world)("dbaccess_slack_refused_seconds", code=code) is None


@pytest.mark.both_databases
def test_another_schema_is_told_with_the_mend(world: World) -> None:
    schema.downgrade(world.service.components.database, "base")
    wrong = problems(world)
    assert "dbaccess migrate" in wrong["schema"]
    assert "database" not in wrong
    schema.upgrade(world.service.components.database)


@pytest.mark.both_databases
def test_a_writer_that_takes_its_time_makes_nobody_unready(world: World) -> None:
    world.beat()
    with world.service.components.database.transaction() as session:
        session.execute(text("UPDATE clusters SET failures = 7"))
        assert ready(world) == (200, ALL_WELL)


def test_the_process_lives_whatever_else_is_wrong(world: World) -> None:
    schema.downgrade(world.service.components.database, "base")
    answer = requests.get(f"{world.service.url}/healthz", timeout=30)
    assert (answer.status_code, answer.text) == (200, "alive\n")
    schema.upgrade(world.service.components.database)


@pytest.mark.parametrize("quiet", [301.0, float("inf")])
def test_a_worker_thread_that_is_dead_or_stuck_wants_a_restart(world: World, quiet: float) -> None:
    database = world.service.components.database
    health = Health(database, world.clock, seconds_since_last_tick=lambda: quiet)
    assert health.stuck() == "the worker's thread is dead or stuck"


def test_nothing_that_watches_is_remembered_by_a_proxy(world: World) -> None:
    for page in ("healthz", "readyz", "metrics"):
        answer = requests.get(f"{world.service.url}/{page}", timeout=30)
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_database_that_hangs_holds_up_neither_readiness_nor_metrics(
    postgresql: PostgresServer,
) -> None:
    database = Database(database_url(postgresql.database()))
    schema.upgrade(database)
    health = Health(database, SystemClock())
    name = database.url.database
    with psycopg.connect(postgresql.url(name or "")) as locked:
        locked.execute("LOCK TABLE alembic_version, heartbeats IN ACCESS EXCLUSIVE MODE")
        began = monotonic()
        checks = [health.checks() for _ in range(2)]
        seconds = monotonic() - began

    assert seconds < 4
    for found in checks:
        assert found[0].problem == "the database does not answer in time"
        assert all(check.problem for check in found)
    eventually(lambda: health.checks()[1].problem is None)
    database.close()


@pytest.mark.parametrize("storage", ["postgresql"], indirect=True)
def test_metrics_of_a_database_that_hangs_come_in_time(
    world: World, postgresql: PostgresServer
) -> None:
    name = world.service.components.database.url.database or ""
    with psycopg.connect(postgresql.url(name)) as locked:
        locked.execute("LOCK TABLE grants IN ACCESS EXCLUSIVE MODE")
        began = monotonic()
        assert scrape(world)("dbaccess_database_up") == 0
        assert monotonic() - began < 8
    assert scrape(world)("dbaccess_database_up") == 1


def test_a_database_that_is_away_is_told_in_its_own_words_and_not_by_its_address() -> None:
    secret = "hunter2hunter2"
    away = Database(database_url(f"postgresql://postgres:{secret}@127.0.0.1:1/gone"))
    checks = Health(away, SystemClock()).checks()
    assert checks[0].problem == "the database cannot be reached: Connection refused"
    assert secret not in str(checks)
    away.close()
