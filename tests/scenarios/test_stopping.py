"""A bot that is asked to stop ends what it is at, and waits for nothing that hangs."""

from time import monotonic

from bot.bootstrap.worker import build_worker
from dbaccess_playground.faults import Fault
from tests.scenarios.deciding import TRUSTED, asked
from tests.scenarios.world import ALICE, World
from tests.waiting import eventually


def at_work(world: World, fault: Fault) -> None:
    """Let the worker be in the middle of the write for a grant that was approved."""
    world.digitalocean.faults.add(fault)
    card = asked(world)
    world.worker = build_worker(world.service.components)
    world.worker.start()
    world.slack.click(ALICE, card, "Approve")
    eventually(lambda: not world.digitalocean.faults.pending())


def test_a_rule_that_is_being_added_is_added_before_the_bot_is_gone(world: World) -> None:
    at_work(world, Fault.slow(0.3, method="PUT", times=1))
    world.service.stop()
    world.worker.stop()
    assert TRUSTED in world.sources()
    assert world.grant().state == "active"


def test_an_api_that_hangs_does_not_keep_the_bot_from_stopping(world: World) -> None:
    at_work(world, Fault.hang(method="PUT", times=1))
    began = monotonic()
    world.worker.stop()
    assert monotonic() - began < 5
    world.digitalocean.faults.clear()
