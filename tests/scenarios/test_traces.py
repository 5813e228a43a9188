"""P8: an address that an answer went to is not kept once it has been used."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlmodel import SQLModel

from tests.scenarios.open_world import OpenWorld
from tests.scenarios.world import ADMINS, ALICE, BOB, IP, RITA, policy

pytestmark = pytest.mark.both_databases

Opens = Callable[..., OpenWorld]


def kept(world: OpenWorld) -> list[str]:
    """The rows of any table that hold an address for answers."""
    with world.service.components.database.reading() as session:
        rows = (
            f"{table.name}: {tuple(row)}"
            for table in SQLModel.metadata.sorted_tables
            for row in session.execute(select(table))
        )
        return [row for row in rows if "/response/" in row]


def test_used_addresses_of_answers_are_erased_from_every_table(opens: Opens) -> None:
    world = opens(policy(approvers=[ADMINS], requesters=[RITA, ADMINS]))
    world.types(RITA, f"request {IP} 2h orders")
    world.presses(ALICE, world.card, "Approve")  # refused, since the directory says so
    world.presses(BOB, world.card, "Approve")
    world.types(RITA, "extend 1 1h")
    token = world.link()
    assert len(kept(world)) == 1, "the link is still to be answered"

    world.uses(token)

    assert world.whispered(ALICE)
    assert kept(world) == []


def test_an_address_of_a_link_that_nobody_used_goes_with_the_next_link(opens: Opens) -> None:
    world = opens()
    world.link()
    world.pass_time(minutes=11)
    world.uses(world.link(BOB))

    assert kept(world) == []
