"""When access by a Droplet's id or tag ends, its sessions end (P9)."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from dbaccess_playground.faults import Fault
from tests.postgresql import PostgresServer
from tests.scenarios.connected import NAME, RIGHTS, open_from
from tests.scenarios.world import ORDERS, RITA, World, policy
from tests.sessions.clients import CAFE, HOME, Clients, is_open, login_of
from tests.storage import Storage

SHOP, OTHER = 163973392, 163973393
K8S = "bd5f5959-5e1e-4205-a714-a914373942af"
APP = "b6f0e4c1-96a5-4f4c-8a1f-6a0e5ad3c0f2"
ELSEWHERE = "127.0.0.9"
MAY_STAY = "Open connections may stay."
TYPES = ["ip_addr", "droplet", "k8s", "tag", "app"]
SOURCES = {
    f"droplet:{SHOP}": (),
    "tag:shop": ("shop",),
    f"k8s:{K8S}": ("k8s", f"k8s:{K8S}", "k8s:worker"),
}


@pytest.fixture
def world(storage: Storage, postgresql: PostgresServer) -> Iterator[World]:
    """A world in which machines may have access to `orders`, and sessions are ended there."""
    terms = {"id": ORDERS, "source_types": TYPES, "sessions": {"url_env": NAME}}
    made = World(storage, policy({"orders": terms}))
    made.session_logins = {NAME: SecretStr(login_of(postgresql, *RIGHTS))}
    with made:
        yield made
        assert made.slack.problems == []


def shop_opens(world: World, source: str = f"droplet:{SHOP}", **more: str) -> None:
    """Have a Droplet with two addresses, and access for it by that source."""
    addresses = {"address": HOME, "private": CAFE} | more
    world.digitalocean.add_droplet("shop-1", SHOP, tags=SOURCES.get(source, ()), **addresses)
    world.granted(f"request {source} 1h orders")


def told_last(world: World) -> str:
    return world.told(RITA)[-1]


def listed(world: World) -> int:
    """How often all Droplets were listed."""
    return sum(call.path.startswith("/v2/droplets") for call in world.digitalocean.calls)


@pytest.mark.parametrize("source", SOURCES)
def test_sessions_from_each_address_of_a_droplet_are_cut_and_no_others(
    world: World, clients: Clients, source: str
) -> None:
    shop_opens(world, source)
    cut = [clients.session(HOME), clients.session(CAFE)]
    other = clients.session(ELSEWHERE)

    world.pass_time(minutes=59)
    assert all(map(is_open, cut))
    world.pass_time(minutes=1)

    assert source not in world.sources()
    assert not any(map(is_open, cut))
    assert is_open(other)
    assert "2 open sessions closed." in told_last(world)
    assert MAY_STAY not in told_last(world)
    [row] = world.audit_rows("sessions.ended")
    assert row.detail["source"] == source
    assert {one["from"] for one in row.detail["sessions"]} == {HOME, CAFE}


def test_a_droplet_that_was_destroyed_meanwhile_leaves_no_session(
    world: World, clients: Clients
) -> None:
    shop_opens(world)
    session = clients.session(CAFE)
    world.digitalocean.remove_droplet(SHOP)

    world.pass_time(hours=1)

    assert not is_open(session)
    assert "1 open session closed." in told_last(world)


def test_a_droplet_whose_tag_was_taken_off_meanwhile_keeps_no_session(
    world: World, clients: Clients
) -> None:
    shop_opens(world, "tag:shop")
    world.digitalocean.add_droplet("shop-2", OTHER, address=ELSEWHERE, tags=("shop",))
    world.pass_time(minutes=10)
    sessions = [clients.session(HOME), clients.session(ELSEWHERE)]
    for droplet in (SHOP, OTHER):
        world.digitalocean.tag_droplet(droplet, "retired")

    world.pass_time(minutes=50)

    assert not any(map(is_open, sessions))


def test_addresses_that_an_earlier_access_to_the_same_tag_knew_are_not_forgotten(
    world: World, clients: Clients
) -> None:
    shop_opens(world, "tag:shop")
    world.granted("request tag:shop 2h orders", to="U0OSCAR")
    session = clients.session(HOME)
    world.digitalocean.remove_droplet(SHOP)
    world.pass_time(hours=1)
    assert is_open(session), "other access lets it in"

    world.pass_time(hours=1)

    assert not is_open(session)


@pytest.mark.parametrize("rule", [("tag", "shop"), ("ip_addr", HOME), ("k8s", K8S)])
def test_a_droplet_that_something_else_lets_in_stays_connected(
    world: World, clients: Clients, rule: tuple[str, str]
) -> None:
    tags = ("shop", f"k8s:{K8S}")
    world.digitalocean.add_droplet("shop-1", SHOP, address=HOME, private=CAFE, tags=tags)
    world.digitalocean.add_rule(ORDERS, *rule)
    world.granted(f"request droplet:{SHOP} 1h orders")
    session = clients.session(HOME)

    world.pass_time(hours=1)

    assert f"droplet:{SHOP}" not in world.sources()
    assert is_open(session)
    assert world.audit_rows("sessions.ended") == []


def test_a_person_with_access_from_a_droplets_address_stays_until_their_own_end(
    world: World, clients: Clients
) -> None:
    shop_opens(world)
    open_from(world, HOME, number=2, hours=2)
    session = clients.session(HOME)
    world.pass_time(hours=1)
    world.pass_time(minutes=2)
    assert is_open(session)

    world.pass_time(hours=1)

    assert not is_open(session)


@pytest.mark.parametrize(
    ("source", "scope"),
    [
        (f"droplet:{SHOP}", "droplet:read"),
        ("tag:shop", "droplet:read"),
        ("tag:shop", "tag:read"),
        (f"k8s:{K8S}", "tag:read"),
    ],
)
def test_without_the_right_to_see_its_droplets_it_is_said_and_made_up_for_later(
    world: World, clients: Clients, source: str, scope: str
) -> None:
    world.digitalocean.scopes.discard(scope)
    shop_opens(world, source)
    session = clients.session(HOME)
    world.pass_time(hours=1)
    for _ in range(6):
        world.pass_time(minutes=1)

    assert is_open(session)
    assert MAY_STAY in told_last(world)
    [alarm] = [said for said in world.operators() if "Can't close the sessions" in said]
    assert f"`{source}`" in alarm

    world.digitalocean.scopes.add(scope)
    world.pass_time(minutes=2)

    assert not is_open(session)
    assert "1 open session closed." in told_last(world)
    assert MAY_STAY not in told_last(world)


def test_a_droplet_that_nobody_has_ever_seen_is_not_guessed_about(
    world: World, clients: Clients
) -> None:
    world.digitalocean.faults.add(Fault.status(500, target="/v2/droplets", times=None))
    shop_opens(world)
    world.digitalocean.remove_droplet(SHOP)
    world.digitalocean.faults.clear()
    session = clients.session(HOME)

    world.pass_time(hours=1)

    assert is_open(session)
    assert MAY_STAY in told_last(world)
    assert not any("sessions" in said for said in world.operators())


def test_an_app_has_no_addresses_of_its_own(world: World, clients: Clients) -> None:
    world.granted(f"request app:{APP} 1h orders")
    session = clients.session(HOME)

    world.pass_time(hours=1)

    assert is_open(session)
    assert MAY_STAY in told_last(world)


def test_droplets_are_listed_at_the_drift_checks_of_access_for_some_and_of_no_other(
    world: World,
) -> None:
    world.granted("request 203.0.113.4 1h orders")
    before = listed(world)  # for a form
    world.pass_time(minutes=6)
    assert listed(world) == before

    shop_opens(world)
    before = listed(world)
    world.pass_time(minutes=6)

    assert listed(world) == before + 1


def test_where_sessions_are_not_set_up_droplets_are_not_listed(storage: Storage) -> None:
    with World(storage, policy({"orders": {"id": ORDERS, "source_types": TYPES}})) as world:
        shop_opens(world)
        before = listed(world)  # for a form
        world.pass_time(hours=1)

        assert listed(world) == before
        assert MAY_STAY in told_last(world)
