"""connect: how to reach a cluster, with everything but the password."""

from collections.abc import Callable
from typing import Any

import pytest

from dbaccess_playground.digitalocean.cluster_json import CA_CERTIFICATE, SECRETS
from dbaccess_playground.faults import Fault
from tests.scenarios.world import ALICE, ORDERS, OSCAR, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]


def shown(world: World, user: str = RITA, text: str = "connect orders") -> str:
    """Type the command, and wait for the page that comes after the acknowledgement."""
    return world.answered_later(user, text)


def test_the_page_has_all_that_one_types_and_the_certificate(world: World) -> None:
    page = shown(world)

    assert "psql" in page
    assert "sslmode=verify-full" in page
    assert "sslrootcert=orders-ca.crt" in page
    assert CA_CERTIFICATE.strip().splitlines()[1] in page


def test_p8_no_password_is_in_the_page(world: World) -> None:
    page = shown(world)
    assert not [secret for secret in SECRETS if secret in page]


def test_the_channels_cluster_needs_no_name(world: World) -> None:
    assert "psql" in shown(world, text="connect")


def test_who_may_not_ask_for_a_cluster_is_not_told_where_it_is(worlds: Worlds) -> None:
    world = worlds(policy(requesters=[RITA]))

    assert "that you may ask for" in world.types(OSCAR, "connect orders").text
    assert "psql" in shown(world, ALICE)
    assert not [c for c in world.digitalocean.calls if "/ca" in c.path and ORDERS not in c.path]


def test_without_a_certificate_the_page_says_where_else_it_is(world: World) -> None:
    world.digitalocean.faults.add(Fault.status(403, target="/ca", times=None))
    page = shown(world)
    assert "psql" in page
    assert "BEGIN CERTIFICATE" not in page
    assert "cannot be read just now" in page


@pytest.mark.parametrize("fault", [Fault.status(500, times=None), Fault.reset(times=None)])
def test_a_digitalocean_that_does_not_answer_is_said_to_be_so(world: World, fault: Fault) -> None:
    world.digitalocean.faults.add(fault)
    page = world.types(RITA, "connect orders")
    assert "one moment" in page.text
    told = world.eventually(
        lambda: next((t for t in world.whispered(RITA) if "did not tell how to reach" in t), None),
    )
    assert "Try again in a moment" in told
