"""Sessions on a real PostgreSQL: seen by their address, ended, and what a login may not do."""

from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_network
from time import monotonic

import psycopg
import pytest

from bot.sessions.base import MayNotEnd, ServerAway
from bot.sessions.postgresql import connect
from tests.postgresql import PostgresServer
from tests.sessions.clients import (
    CAFE,
    HOME,
    Clients,
    clients_of,
    is_open,
    login_of,
    silent_server,
)
from tests.waiting import eventually

RIGHTS = ("pg_signal_backend", "pg_read_all_stats")
AT_HOME, LOOPBACK = ip_network(f"{HOME}/32"), ip_network("127.0.0.0/8")


@pytest.fixture
def clients(postgresql: PostgresServer) -> Iterator[Clients]:
    with clients_of(postgresql) as made:
        yield made


@pytest.fixture
def login(postgresql: PostgresServer) -> str:
    return login_of(postgresql, *RIGHTS)


def test_a_session_is_seen_with_all_that_the_audit_tells(clients: Clients, login: str) -> None:
    one = clients.session(HOME)
    clients.session(CAFE)

    with connect(login) as sessions:
        [seen] = sessions.of(AT_HOME)

    assert (seen.pid, seen.user, seen.address) == (one.info.backend_pid, "bob", HOME)
    assert (seen.application, seen.database, seen.is_superuser) == ("psql", "postgres", False)
    assert seen.since.tzinfo is not None


def test_a_network_has_the_sessions_of_its_addresses_and_never_our_own(
    clients: Clients, login: str
) -> None:
    made = {clients.session(address).info.backend_pid for address in (HOME, CAFE)}

    with connect(login) as sessions:
        seen = {one.pid for one in sessions.of(LOOPBACK)}
        own = sessions._connection.info.backend_pid

    assert made <= seen
    assert own not in seen


def test_only_the_session_that_is_meant_ends(clients: Clients, login: str) -> None:
    one, other = clients.session(HOME), clients.session(HOME)

    with connect(login) as sessions:
        [seen] = [each for each in sessions.of(AT_HOME) if each.pid == one.info.backend_pid]
        assert sessions.end(seen)
        eventually(lambda: len(sessions.of(AT_HOME)) == 1)
        assert sessions.end(seen), "it is gone already"

    assert not is_open(one)
    assert is_open(other)


def test_a_superusers_session_may_not_be_ended(clients: Clients, login: str) -> None:
    boss = clients.session(HOME, "boss")

    with connect(login) as sessions:
        [seen] = sessions.of(AT_HOME)
        assert seen.is_superuser
        assert not sessions.end(seen)

    assert is_open(boss)


@pytest.mark.parametrize(
    ("has", "lacks"),
    [("pg_signal_backend", "pg_read_all_stats"), ("pg_read_all_stats", "pg_signal_backend")],
)
def test_a_login_without_a_right_is_refused_and_does_not_see_nobody(
    postgresql: PostgresServer, clients: Clients, has: str, lacks: str
) -> None:
    clients.session(HOME)
    half = login_of(postgresql, has, name=f"only_{has}")

    with connect(half) as sessions, pytest.raises(MayNotEnd, match=f"not a member of {lacks}"):
        sessions.of(AT_HOME)


def test_a_server_that_hides_its_roles_is_told_like_a_missing_right(
    postgresql: PostgresServer, clients: Clients, login: str
) -> None:
    """An error that nobody knows would be tried five times, and the sessions left open then."""
    postgresql.execute("REVOKE SELECT ON pg_roles FROM PUBLIC")
    try:
        with connect(login) as sessions, pytest.raises(MayNotEnd, match="pg_roles"):
            sessions.of(AT_HOME)
    finally:
        postgresql.execute("GRANT SELECT ON pg_roles TO PUBLIC")


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    with silent_server() as port:
        began = monotonic()
        with pytest.raises(ServerAway), connect(f"postgresql://x:hunter2@127.0.0.1:{port}/x"):
            pass
        assert monotonic() - began < 10


def test_a_server_that_hangs_later_is_given_up_in_time(
    postgresql: PostgresServer, clients: Clients, login: str
) -> None:
    with connect(login) as sessions:
        sessions.of(AT_HOME)
        postgresql.freeze()
        began = monotonic()
        try:
            with pytest.raises(ServerAway, match="does not answer"):
                sessions.of(AT_HOME)
        finally:
            postgresql.thaw()
        assert monotonic() - began < 10


def test_what_a_refused_login_comes_to_shows_no_password(postgresql: PostgresServer) -> None:
    """P8."""
    postgresql.login("locked", "right-password")
    url = f"postgresql://locked:wrong-password@127.0.0.1:{postgresql.port}/postgres"

    with pytest.raises(ServerAway) as error, connect(url):
        pass

    assert "password authentication failed" in str(error.value)
    assert "wrong-password" not in str(error.value)


def test_a_session_that_ends_while_it_is_being_ended_is_no_fault(
    clients: Clients, login: str
) -> None:
    one = clients.session(HOME)
    with connect(login) as sessions:
        [seen] = sessions.of(AT_HOME)
        with suppress(psycopg.Error):
            one.close()
        eventually(lambda: not sessions.of(AT_HOME))
        assert sessions.end(seen)
