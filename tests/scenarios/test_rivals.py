"""Other hands on the same list: what they undo by accident, and what they mean."""

import pytest

from bot.domain.commands import Container, Decide
from bot.domain.lifecycle import Verdict
from bot.domain.marks import request_mark
from bot.domain.people import Person, Standing
from dbaccess_playground.calls import Call
from dbaccess_playground.faults import Fault
from tests.scenarios.world import ALICE, IP, ORDERS, RITA, World

pytestmark = pytest.mark.both_databases

TRUSTED = f"ip_addr:{IP}"
BEFORE = [("ip_addr", "198.51.100.7"), ("tag", "backend")]


def test_a_rule_undone_within_a_minute_of_its_write_is_written_again(world: World) -> None:
    world.granted()
    world.pass_time(seconds=45)
    world.digitalocean.terraform_apply(ORDERS, BEFORE)
    for _ in range(40):
        world.pass_time(seconds=10)
    assert world.grant().state == "active"
    assert TRUSTED in world.sources()


def test_a_rule_taken_away_later_was_taken_away_by_somebody(world: World) -> None:
    world.granted()
    world.pass_time(minutes=2)
    world.digitalocean.terraform_apply(ORDERS, BEFORE)
    world.pass_time(minutes=5)
    assert world.grant().state == "ended"
    assert world.grant().end_reason == "removed_outside"


def test_p3_an_old_list_written_back_after_the_end_opens_nothing_for_long(world: World) -> None:
    world.granted()
    stale = world.digitalocean.rules(ORDERS)
    world.pass_time(hours=2)
    for _ in range(5):
        world.pass_time(seconds=30)
    world.digitalocean.replace_rules(ORDERS, stale)
    for _ in range(13):
        world.pass_time(minutes=5)
    assert TRUSTED not in world.sources()


def test_p5_a_rule_added_by_hand_while_our_write_failed_is_not_ours(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.digitalocean.faults.add(Fault.status(500, method="PUT", times=None))
    world.presses(ALICE, world.card, "Approve")
    world.pass_time(seconds=60)
    theirs = world.digitalocean.add_rule(ORDERS, "ip_addr", IP)
    world.digitalocean.faults.clear()
    world.pass_time(seconds=60)
    assert world.grant().owned is False
    world.pass_time(hours=2)
    assert theirs in world.digitalocean.rules(ORDERS)


def test_an_extension_approved_while_the_rule_is_taken_away_puts_it_back(world: World) -> None:
    world.granted(f"request {IP} 1h orders")
    world.pass_time(minutes=59, seconds=59)
    world.types(RITA, "extend 1 1h")
    access = world.service.components.access
    done: list[bool] = []

    def approve_between_read_and_write(heard: object) -> None:
        if isinstance(heard, Call) and heard.method == "GET" and not done:
            done.append(True)
            mark, container = request_mark(world.request(2).created_at), Container(is_home=True)
            command = Decide(request_id=2, verdict=Verdict.APPROVE, mark=mark, container=container)
            alice, rita = (
                Person(user, Standing.MEMBER, asked=frozenset()) for user in (ALICE, RITA)
            )
            access.carry_out(command, alice, origin="press:1", others=[rita])
            world.clock.advance(seconds=2)

    stop = world.digitalocean.subscribe(approve_between_read_and_write)
    world.service.components.reconciler.watch_all()
    world.settle()
    stop()
    for _ in range(3):
        world.pass_time(seconds=31)
    assert done
    assert world.grant().state == "active"
    assert TRUSTED in world.sources()


def test_p7_a_label_with_a_number_beyond_all_measure_does_not_spoil_the_numbers(
    world: World,
) -> None:
    label = "dbaccess/test #999999999 until 2099-01-01T00:00:00Z"
    world.digitalocean.add_rule(ORDERS, "ip_addr", "203.0.113.77", label)
    world.restart()
    world.types(RITA, f"request {IP} 1h orders")
    world.presses(ALICE, world.card, "Approve")
    assert TRUSTED in world.sources()
    assert "#2" in world.told(RITA)[-1]
