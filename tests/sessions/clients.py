"""Clients of a PostgreSQL server, from addresses of their own on the loopback interface."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

import psycopg

from tests.postgresql import PostgresServer

HOME, CAFE = "127.0.0.2", "127.0.0.3"


class Clients:
    """Opens sessions from any address in 127.0.0.0/8."""

    def __init__(self, server: PostgresServer, held: ExitStack) -> None:
        self._server = server
        self._held = held

    def session(self, address: str, user: str = "bob") -> psycopg.Connection[Any]:
        """Return a session of somebody who connects from that address."""
        port = self._held.enter_context(_relay_from(address, self._server.port))
        where = f"postgresql://{user}@127.0.0.1:{port}/postgres?application_name=psql"
        return self._held.enter_context(closing(psycopg.connect(where, autocommit=True)))


def is_open(session: psycopg.Connection[Any]) -> bool:
    """Tell whether a session still answers."""
    with suppress(psycopg.OperationalError):
        return session.execute("SELECT 1").fetchone() == (1,)
    return False


@contextmanager
def clients_of(server: PostgresServer) -> Iterator[Clients]:
    """Yield clients; they hang up when the block ends."""
    server.trust_loopback()
    for name, may in (("bob", "LOGIN"), ("boss", "LOGIN SUPERUSER")):
        _create_once(server, name, may)
    with ExitStack() as held:
        yield Clients(server, held)


def login_of(server: PostgresServer, *roles: str, name: str = "dbaccess_sessions") -> str:
    """Return the URL of a login with these roles and no others."""
    if _create_once(server, name, "LOGIN"):
        for role in roles:
            server.execute(f"GRANT {role} TO {name}")
    return f"postgresql://{name}@127.0.0.1:{server.port}/postgres"


def _create_once(server: PostgresServer, name: str, may: str) -> bool:
    if (name,) in server.ask("SELECT rolname FROM pg_roles"):
        return False
    server.execute(f"CREATE ROLE {name} {may}")
    return True


@contextmanager
def silent_server() -> Iterator[int]:
    """Yield the port of a server that takes connections and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening.getsockname()[1]


@contextmanager
def _relay_from(address: str, port: int) -> Iterator[int]:
    """Pass one connection on to a port, from that address of ours."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def relay() -> None:
            with suppress(OSError):
                here, _ = listening.accept()
                there = socket.create_connection(("127.0.0.1", port), source_address=(address, 0))
                with here, there:
                    _pass_on(here, there)

        thread = threading.Thread(target=relay, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
    thread.join(timeout=1)


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    while True:
        ready, _, _ = select.select([one, other], [], [])
        for at in ready:
            said = at.recv(65536)
            if not said:
                return
            (other if at is one else one).sendall(said)
