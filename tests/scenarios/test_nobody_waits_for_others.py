"""What takes long for some holds up nobody else: forms, pages and replies have own threads."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from dbaccess_playground.faults import Fault
from tests.scenarios.world import ALICE, ANALYTICS, ORDERS, OSCAR, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]

PROMPT_SECONDS = 3.0  # a form's trigger lives no longer
EMERGENCY = {"requesters": [OSCAR], "max_duration": "30m"}
MANY = [f"U0MANY{number}" for number in range(40)]


@pytest.fixture
def world(worlds: Worlds) -> World:
    clusters = {
        "orders": {"id": ANALYTICS, "emergency": EMERGENCY},
        "billing": {"id": ORDERS},
    }
    world = worlds(policy(clusters))
    for user in MANY:
        world.slack.add_user(user, user.lower())
    world.introduce(*MANY)
    return world


def look_while_digitalocean_hangs(world: World) -> None:
    world.digitalocean.faults.add(Fault.hang(method="GET", times=None))
    for user in MANY[:8]:
        world.types(user, "sources orders")
    world.eventually(lambda: world.digitalocean.faults.hanging)


def have_replies_that_do_not_arrive(world: World) -> None:
    world.forget(*MANY)
    world.slack.faults.add(Fault.hang(target="/response/", times=None))
    for user in MANY:
        world.types(user, "clusters")
    world.eventually(lambda: world.slack.faults.hanging)


@pytest.mark.parametrize(
    "trouble", [look_while_digitalocean_hangs, have_replies_that_do_not_arrive]
)
@pytest.mark.parametrize("text", ["", "emergency"])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_form_opens_at_once(
    world: World, trouble: Callable[[World], None], text: str, *, is_known: bool
) -> None:
    trouble(world)
    if not is_known:
        world.forget(OSCAR)

    world.types(OSCAR, text)

    assert world.eventually(lambda: world.slack.modal(OSCAR), seconds=PROMPT_SECONDS)


def test_an_extension_and_a_denial_open_their_forms_at_once(world: World) -> None:
    world.granted()
    look_while_digitalocean_hangs(world)

    world.types(RITA, "extend 1")
    assert world.eventually(lambda: world.slack.modal(RITA), seconds=PROMPT_SECONDS)

    world.types(OSCAR, "request 203.0.113.9 1h orders")
    world.slack.click(ALICE, world.card, "Deny")
    assert world.eventually(lambda: world.slack.modal(ALICE), seconds=PROMPT_SECONDS)


def test_an_answer_comes_at_once_while_digitalocean_hangs(world: World) -> None:
    look_while_digitalocean_hangs(world)
    world.forget(RITA)

    before = len(world.whispered(RITA))
    world.types(RITA, "list")

    world.eventually(lambda: len(world.whispered(RITA)) > before, seconds=PROMPT_SECONDS)


def test_answers_that_do_not_arrive_come_as_direct_messages(world: World) -> None:
    have_replies_that_do_not_arrive(world)

    for user in MANY:
        told = world.eventually(partial(world.told, user), seconds=8)
        assert "orders" in told[-1]


def test_a_page_is_made_while_replies_do_not_arrive(world: World) -> None:
    have_replies_that_do_not_arrive(world)

    world.types(RITA, "sources orders")

    world.eventually(lambda: world.told(RITA), seconds=8)
    assert "trusted sources" in world.told(RITA)[-1].lower()


def test_a_page_of_a_cluster_that_answers_waits_for_no_page_of_one_that_does_not(
    world: World,
) -> None:
    world.digitalocean.faults.add(Fault.hang(target=ANALYTICS, times=None))
    for user in MANY:
        world.types(user, "sources orders")
    world.eventually(lambda: world.digitalocean.faults.hanging)

    before = len(world.whispered(RITA))
    world.types(RITA, "sources billing")

    world.eventually(lambda: len(world.whispered(RITA)) > before, seconds=PROMPT_SECONDS)
    world.digitalocean.faults.clear()
    world.eventually(lambda: all(len(world.whispered(user)) == 1 for user in MANY))
