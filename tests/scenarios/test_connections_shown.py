"""`sources` shows how many connections each trusted source has, and waits for no database."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest
from pydantic import SecretStr

from bot.sessions import lookups
from bot.sessions.base import ServerAway
from tests.postgresql import PostgresServer
from tests.scenarios.connected import NAME, POLICY, RIGHTS, open_from
from tests.scenarios.world import ORDERS, RITA, World
from tests.sessions.clients import CAFE, HOME, Clients, login_of, silent_server
from tests.storage import Storage

ELSEWHERE = "127.0.0.9"
NOT_SHOWN = "Connections not shown: the database gave no answer."


@contextmanager
def world_by(storage: Storage, login: str) -> Iterator[World]:
    made = World(storage, POLICY)
    made.session_logins = {NAME: SecretStr(login)}
    with made:
        yield made
        assert made.slack.problems == []


@pytest.fixture
def world(storage: Storage, postgresql: PostgresServer) -> Iterator[World]:
    with world_by(storage, login_of(postgresql, *RIGHTS)) as made:
        yield made


def lines_of(world: World) -> dict[str, str]:
    """Return the page's lines, each by the source that it begins with."""
    page = world.answered_later(RITA, "sources orders")
    return {line.split("`")[1]: line for line in page.splitlines() if line.startswith("• `")} | {
        "page": page
    }


def test_each_source_has_its_count_and_who_comes_from_elsewhere_is_named(
    world: World, clients: Clients
) -> None:
    world.digitalocean.add_rule(ORDERS, "ip_addr", CAFE, "cafe")
    open_from(world, HOME)
    for address in (HOME, HOME, ELSEWHERE):
        clients.session(address)

    lines = lines_of(world)

    assert lines[HOME].endswith("*2 connected*")
    assert lines[CAFE].endswith(", not connected")
    assert f"Connected from other addresses: `{ELSEWHERE}` (1)" in lines["page"]


def test_machines_are_counted_for_what_they_are_trusted_as(world: World, clients: Clients) -> None:
    world.digitalocean.add_droplet("backend-1", 163973392, address=HOME, tags=("backend",))
    world.digitalocean.add_rule(ORDERS, "droplet", "163973392")
    world.digitalocean.add_rule(ORDERS, "app", "b6f0e4c1-96a5-4f4c-8a1f-6a0e5ad3c0f2")
    clients.session(HOME)

    lines = lines_of(world)

    assert lines["tag:backend"].endswith("*1 connected*")
    assert lines["droplet:163973392"].endswith("*1 connected*")
    assert "connected" not in lines["app:b6f0e4c1-96a5-4f4c-8a1f-6a0e5ad3c0f2"]


@pytest.mark.parametrize("scope", ["droplet:read", "tag:read"])
def test_without_the_right_to_list_machines_their_connections_are_left_out(
    world: World, clients: Clients, scope: str
) -> None:
    world.digitalocean.add_droplet("backend-1", 163973392, address=HOME, tags=("backend",))
    world.digitalocean.scopes.discard(scope)
    clients.session(HOME)

    lines = lines_of(world)

    assert "connected" not in lines["tag:backend"]
    assert lines["198.51.100.7"].endswith("not connected")
    assert f"`{HOME}` (1)" in lines["page"]


@pytest.mark.parametrize("trouble", ["hangs", "is away", "has no login"])
def test_a_database_that_is_away_breaks_no_page_and_holds_up_none(
    storage: Storage, trouble: str
) -> None:
    with silent_server() as port:
        at = port if trouble == "hangs" else 1
        with world_by(storage, f"postgresql://me:hunter2@127.0.0.1:{at}/postgres") as world:
            if trouble == "has no login":
                world.session_logins = {}
                world.restart()
            began = monotonic()
            page = lines_of(world)["page"]

            assert monotonic() - began < lookups.WAIT_SECONDS + 10
            assert "office" in page
            assert NOT_SHOWN in page
            assert "hunter2" not in page


def test_who_asks_while_a_database_hangs_does_not_wait_again(storage: Storage) -> None:
    with silent_server() as port, world_by(storage, f"postgresql://me@127.0.0.1:{port}/x") as world:
        components = world.service.components
        hanging = lookups.SessionLookups(components.open_sessions, monotonic)
        first = hanging.begin(NAME)
        with pytest.raises(ServerAway):
            hanging.wait(first)
        began = monotonic()

        again = hanging.begin(NAME)
        with pytest.raises(ServerAway):
            hanging.wait(again)

        assert again is first
        assert monotonic() - began < lookups.WAIT_SECONDS / 2


def test_where_sessions_are_not_set_up_nothing_is_said_of_connections(
    storage: Storage, clients: Clients
) -> None:
    with World(storage) as world:
        clients.session(HOME)

        page = lines_of(world)["page"]

        assert "onnect" not in page
