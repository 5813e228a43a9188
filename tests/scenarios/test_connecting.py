"""connect: how to reach a cluster, with everything but the password."""

from collections.abc import Callable
from typing import Any

import pytest

from dbaccess_playground.digitalocean.cluster_json import CA_CERTIFICATE, SECRETS
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.controls import readable
from tests.scenarios.world import ALICE, IP, ORDERS, OSCAR, RITA, World, policy

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

    assert "There is no cluster" in world.types(OSCAR, "connect orders").text
    assert "psql" in shown(world, ALICE)
    assert not [c for c in world.digitalocean.calls if "/ca" in c.path and ORDERS not in c.path]


def test_without_a_certificate_the_page_says_where_else_it_is(world: World) -> None:
    world.digitalocean.faults.add(Fault.status(403, target="/ca", times=None))
    page = shown(world)
    assert "psql" in page
    assert "BEGIN CERTIFICATE" not in page
    assert "Can't read the CA certificate" in page


@pytest.mark.parametrize("fault", [Fault.status(500, times=None), Fault.reset(times=None)])
def test_a_digitalocean_that_does_not_answer_is_said_to_be_so(world: World, fault: Fault) -> None:
    world.digitalocean.faults.add(fault)
    assert world.types(RITA, "connect orders").text == "", "nothing that would stay above it"
    told = world.eventually(
        lambda: next((t for t in world.whispered(RITA) if t.startswith("DigitalOcean ")), None),
    )
    assert "Try again in a minute" in told


# The button.


def connects(world: World, user: str = RITA) -> str:
    """Press `Connect` on the message that access opened; return what the form shows then."""
    message = world.slack.dms(RITA)[-1]
    world.slack.click(user, message, "Connect")
    return world.eventually(lambda: _answer(world, user))


def _answer(world: World, user: str) -> str | None:
    form = world.slack.modal(user)
    words = "\n".join(readable(form["blocks"])) if form else ""
    return None if not words or "Asking DigitalOcean" in words else words


def test_the_button_opens_a_form_with_all_that_one_types(world: World) -> None:
    world.granted()

    shown_in_form = connects(world)

    assert "sslmode=verify-full" in shown_in_form
    assert CA_CERTIFICATE.strip().splitlines()[1] in shown_in_form
    assert not [secret for secret in SECRETS if secret in shown_in_form]
    form = world.slack.modal(RITA)
    assert form is not None
    assert form["title"]["text"] == "Connect to orders"
    assert "Connect to" not in shown_in_form
    assert f"You can connect from {IP} until" in shown_in_form


def test_the_form_opens_before_digitalocean_answers_and_says_what_it_answered(
    world: World,
) -> None:
    world.granted()
    world.digitalocean.faults.add(Fault.status(500, times=None))

    assert "DigitalOcean" in connects(world)


def test_p4_who_may_not_see_the_cluster_gets_no_address_by_a_forged_press(worlds: Worlds) -> None:
    world = worlds(policy(requesters=[RITA]))
    world.granted()

    words = connects(world, OSCAR)

    assert "sslmode" not in words
    assert "ondigitalocean" not in words


def test_whoever_holds_access_may_connect_though_they_may_ask_no_more(worlds: Worlds) -> None:
    world = worlds(policy(requesters=[RITA]))
    world.granted()
    world.govern(policy(requesters=[OSCAR]))

    assert "sslmode=verify-full" in connects(world)


def test_a_form_that_slack_does_not_open_names_the_command(world: World) -> None:
    world.granted()
    world.slack.faults.add(Fault.status(500, target="views.open"))

    world.slack.click(RITA, world.slack.dms(RITA)[-1], "Connect")

    world.eventually(
        lambda: any("`/dbaccess connect orders`" in said for said in world.whispered(RITA))
    )
