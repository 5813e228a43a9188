"""Which address `myip` shows: only what the trusted proxies say is believed."""

from collections.abc import Callable
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.scenarios.open_world import OpenWorld
from tests.scenarios.world import IP, ORDERS, RITA, policy

Opens = Callable[..., OpenWorld]


@pytest.fixture
def world(opens: Opens) -> OpenWorld:  # an open one instead of the usual
    """A world whose bot stands behind one proxy."""
    return opens()


def test_without_trusted_proxies_nobody_can_say_that_they_come_from_elsewhere(
    opens: Opens,
) -> None:
    world = opens(proxies=0)
    token = world.link()

    spoofed = {"Forwarded": f"for={IP}", "X-Real-IP": IP, "CF-Connecting-IP": IP}
    page = world.visits(token, by=IP, **spoofed)

    assert IP not in page.text.replace(f"/dbaccess request {IP} 2h", "")
    assert "127.0.0.1 is a loopback address" in page.text
    assert world.uses(token).status_code == 409
    assert world.visits(token).status_code == 200


def test_what_a_client_says_before_the_proxy_is_not_believed(world: OpenWorld) -> None:
    page = world.visits(world.link(), by=f"198.51.100.66, {IP}", X_Forwarded_For="198.51.100.67")

    assert f'value="{IP}"' in page.text
    assert "198.51.100.6" not in page.text


def test_several_headers_are_read_as_one(world: OpenWorld) -> None:
    token = world.link()
    connection = HTTPConnection(str(urlsplit(world.service.url).netloc), timeout=30)
    connection.putrequest("GET", f"/ip/{token}")
    connection.putheader("X-Forwarded-For", "198.51.100.66")
    connection.putheader("X-Forwarded-For", IP)
    connection.endheaders()

    page = connection.getresponse().read().decode()
    connection.close()

    assert f'value="{IP}"' in page
    assert "198.51.100.66" not in page


@pytest.mark.parametrize("by", [None, IP, "unknown, unknown"])
def test_where_the_proxies_do_not_say_it_nothing_is_guessed(opens: Opens, by: str | None) -> None:
    world = opens(proxies=2)
    token = world.link()

    page = world.visits(token, by=by)

    assert "Your address is not known" in page.text
    assert "<button" not in page.text
    assert world.uses(token, by=by or "").status_code == 409
    assert world.visits(token, by=f"{IP}, 10.0.0.1").status_code == 200


def test_ipv6_is_said_plainly_with_the_way_to_an_ipv4_address(world: OpenWorld) -> None:
    token = world.link()

    page = world.visits(token, by="2001:db8::4")

    assert "Your browser uses IPv6" in page.text
    assert "2001:db8::4" in page.text
    assert "DigitalOcean takes only IPv4" in page.text
    assert "Switch IPv6 off" in page.text
    assert "curl -4" in page.text
    assert "<button" not in page.text
    assert world.uses(token, address="2001:db8::4", by="2001:db8::4").status_code == 409
    assert world.uses(token).status_code == 200, "after IPv6 was switched off"


def test_an_ipv4_address_in_ipv6_clothes_is_an_ipv4_address(world: OpenWorld) -> None:
    token = world.link()
    assert f'value="{IP}"' in world.visits(token, by=f"::ffff:{IP}").text

    world.uses(token, by=f"::ffff:{IP}")

    assert f"comes from `{IP}`" in world.whispered(RITA)[-1]


def test_a_private_address_is_offered_only_where_a_cluster_takes_it(opens: Opens) -> None:
    world = opens()
    page = world.visits(world.link(), by="10.0.0.7")
    assert "10.0.0.7 is a private address" in page.text
    assert "<button" not in page.text

    world.govern(policy({"orders": {"id": ORDERS, "allow_private": True}}))
    token = world.link()
    assert 'value="10.0.0.7"' in world.visits(token, by="10.0.0.7").text
    world.uses(token, address="10.0.0.7", by="10.0.0.7")
    assert "comes from `10.0.0.7`" in world.whispered(RITA)[-1]


def test_an_address_that_was_not_shown_is_shown_first(world: OpenWorld) -> None:
    token = world.link()
    world.visits(token)
    before = world.rows()

    again = world.uses(token, by="198.51.100.9")

    assert again.status_code == 409
    assert "Your address has changed" in again.text
    assert world.rows() == before
    assert world.uses(token, address="198.51.100.9", by="198.51.100.9").status_code == 200
    assert "comes from `198.51.100.9`" in world.whispered(RITA)[-1]
