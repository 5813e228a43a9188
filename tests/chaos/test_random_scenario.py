"""In every random scenario the promises hold, and once the faults are over all ends as it should.

`DBACCESS_CHAOS_SEEDS=200` plays as many; a failure prints its seed and its events.
"""

import os
from collections import Counter

import pytest
from sqlmodel import col, select

from bot.domain.lifecycle import RequestState
from bot.store.tables import AuditRow, JobRow, RequestRow
from tests.chaos.random_scenario import POLICY, Scenario
from tests.scenarios.world import World
from tests.storage import Storage

_SEEDS = range(1, 1 + int(os.environ.get("DBACCESS_CHAOS_SEEDS", "3")))
_STEPS = 60


@pytest.mark.parametrize("seed", _SEEDS)
def test_the_promises_hold_in_a_random_scenario(storage: Storage, seed: int) -> None:
    world = World(storage, POLICY)
    world.client_waits_for_nothing()
    with world:
        scenario = Scenario(world, seed)
        try:
            scenario.run(_STEPS)
            scenario.recover()
            check_the_end(scenario)
        except AssertionError as error:
            events = "\n".join(scenario.events)
            raise AssertionError(f"seed {seed}: {error}\n{events}") from error


def check_the_end(scenario: Scenario) -> None:
    """All has come to its end: nobody has access, nothing is owed, each move was made once."""
    world = scenario.world
    overdue = scenario.oracle.overdue()
    assert not overdue, f"P3: {overdue}"
    unended = [grant for grant in world.grants() if grant.state != "ended"]
    assert not unended, f"P3: {unended}"
    assert world.slack.problems == []
    with world.service.components.database.reading() as session:
        pending = select(RequestRow).where(RequestRow.state == RequestState.PENDING)
        assert session.exec(pending).all() == []
        waiting = session.exec(select(JobRow).where(col(JobRow.finished_at).is_(None))).all()
        assert waiting == [], f"P6: {waiting}"
        moves = Counter(
            (row.action, row.request_id)
            for row in session.exec(select(AuditRow))
            if row.action in {"grant.approved", "grant.applied", "grant.ended"}
        )
    assert all(times == 1 for times in moves.values()), f"P6: {moves}"
