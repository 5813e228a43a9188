"""Whatever the weather, the promises hold, and when it clears up, all is as it should be.

`DBACCESS_CHAOS_SEEDS=200` plays as many stories; a failure tells its seed and its story.
"""

import os
from collections import Counter

import pytest
from sqlmodel import col, select

from bot.domain.lifecycle import RequestState
from bot.store.tables import AuditRow, ErrandRow, OutboxRow, RequestRow
from tests.chaos.troubles import ChangeableWorld
from tests.chaos.weather import POLICY, Story
from tests.storage import Storage

_SEEDS = range(1, 1 + int(os.environ.get("DBACCESS_CHAOS_SEEDS", "3")))
_STEPS = 60


@pytest.mark.parametrize("seed", _SEEDS)
def test_the_promises_hold_in_any_weather(storage: Storage, seed: int) -> None:
    with ChangeableWorld(storage, POLICY) as world:
        story = Story(world, seed)
        try:
            story.play(_STEPS)
            story.clear_up()
            check_the_end(story)
        except AssertionError as error:
            told = "\n".join(story.told)
            raise AssertionError(f"seed {seed}: {error}\n{told}") from error


def check_the_end(story: Story) -> None:
    """All has come to its end: nobody has access, nothing is owed, each move was made once."""
    world = story.world
    overstayed = story.witness.overstayed()
    assert not overstayed, f"P3: {overstayed}"
    unended = [grant for grant in world.grants() if grant.state != "ended"]
    assert not unended, f"P3: {unended}"
    assert world.slack.problems == []
    with world.service.components.database.reading() as session:
        pending = select(RequestRow).where(RequestRow.state == RequestState.PENDING)
        assert session.exec(pending).all() == []
        for table in (OutboxRow, ErrandRow):
            owed = session.exec(select(table).where(col(table.done_at).is_(None))).all()
            assert owed == [], f"P6: {owed}"
        moves = Counter(
            (row.action, row.request_id)
            for row in session.exec(select(AuditRow))
            if row.action in {"grant.approved", "grant.applied", "grant.ended"}
        )
    assert all(times == 1 for times in moves.values()), f"P6: {moves}"
