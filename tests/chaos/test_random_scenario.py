"""In every random scenario the promises hold, and once the faults are over all ends as it should.

`DBACCESS_CHAOS_SEEDS=200` plays as many, `DBACCESS_CHAOS_FIRST=1000` others than usual; a failure
prints its seed and its events.
"""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import select

from bot.domain.lifecycle import RequestState
from bot.faults import DatabaseTrouble
from bot.sessions import postgresql
from bot.slack.outbound import replies
from bot.store import database_state
from bot.store.tables import AuditRow, RequestRow
from tests.chaos import policies
from tests.chaos.random_scenario import Scenario
from tests.scenarios.world import World
from tests.storage import Storage

_FIRST = int(os.environ.get("DBACCESS_CHAOS_FIRST", "1"))
_SEEDS = range(_FIRST, _FIRST + int(os.environ.get("DBACCESS_CHAOS_SEEDS", "3")))
_STEPS = 60


@pytest.fixture
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hardly any real time pass where the bot waits by it: for addresses, and for calm."""
    monkeypatch.setattr(replies, "REPLY_SECONDS", 0.2)
    monkeypatch.setattr(replies, "_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(database_state, "_PROBE_SECONDS", 0.02)
    calm = dict.fromkeys(DatabaseTrouble, (0.02, 0.02))
    monkeypatch.setattr(database_state, "_CALM_SECONDS", calm)


@pytest.mark.parametrize("seed", _SEEDS)
@pytest.mark.usefixtures("_quickly")
def test_the_promises_hold_in_a_random_scenario(
    storage: Storage,
    seed: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.chdir(tmp_path)  # where the policy is
    world = World(storage, policies.USUAL)
    world.client_waits_for_nothing()
    world.session_logins = {policies.LOGIN: SecretStr("postgresql://sessions@127.0.0.1:1/none")}
    with world:
        scenario = Scenario(world, seed, tmp_path / "dbaccess.toml")
        monkeypatch.setattr(postgresql, "connect", scenario.server.connect)
        try:
            scenario.run(_STEPS)
            scenario.recover()
            check_the_end(scenario)
        except AssertionError as error:
            events = "\n".join(scenario.events)
            raise AssertionError(f"seed {seed}: {error}\n{events}") from error
        finally:
            for what, count in scenario.counts().items():
                record_property(what, count)


def check_the_end(scenario: Scenario) -> None:
    """All has come to its end: nobody has access, nothing is owed, each move was made once."""
    world = scenario.world
    overdue = scenario.oracle.overdue()
    assert not overdue, f"P3: {overdue}"
    unended = [grant for grant in world.grants() if grant.state != "ended"]
    assert not unended, f"P3: {unended}"
    assert scenario.server.left() == [], "P9"
    assert world.slack.problems == []
    scenario.deliveries.check(scenario.troubles.fatal_codes)
    with world.service.components.database.reading() as session:
        pending = select(RequestRow).where(RequestRow.state == RequestState.PENDING)
        assert session.exec(pending).all() == []
        moves = Counter(
            (row.action, row.request_id)
            for row in session.exec(select(AuditRow))
            if row.action in {"grant.approved", "grant.applied", "grant.ended"}
        )
    assert all(times == 1 for times in moves.values()), f"P6: {moves}"
