"""A connection pool that passes sessions around is refused, and nothing else is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.database_url import database_url
from bot.store.connection_pool import SessionsShared, refuse_shared_sessions
from bot.store.database import Database
from tests.pgbouncer import PgBouncer
from tests.postgresql import PostgresServer

FIX = "use the cluster's direct connection, not a connection pool in transaction mode"


@contextmanager
def reached(url: str) -> Iterator[Database]:
    database = Database(database_url(url))
    yield database
    database.close()


@contextmanager
def busy(url: str, clients: int) -> Iterator[None]:
    """Let others use the database all the time."""
    stopped = threading.Event()

    def use() -> None:
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as used:
            while not stopped.is_set():
                used.execute("SELECT pg_sleep(0.002)")

    threads = [threading.Thread(target=use) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize(
    ("size", "more"),
    [(1, ()), (2, ()), (20, ()), (20, ("min_pool_size = 10", "server_round_robin = 1"))],
)
@pytest.mark.usefixtures("pgbouncer")
def test_a_pool_that_passes_sessions_around_is_refused_with_the_mend(
    postgresql: PostgresServer, mode: str, size: int, more: tuple[str, ...]
) -> None:
    direct = postgresql.database()
    with (
        PgBouncer(postgresql, mode, size=size, more=more) as pool,
        reached(pool.url(direct)) as database,
    ):
        for _ in range(5):
            with pytest.raises(SessionsShared, match=FIX):
                refuse_shared_sessions(database)


@pytest.mark.parametrize("clients", [3, 12])
@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.usefixtures("pgbouncer")
def test_a_pool_is_found_out_while_others_use_it(
    postgresql: PostgresServer, mode: str, clients: int
) -> None:
    direct = postgresql.database()
    with (
        PgBouncer(postgresql, mode, size=8) as pool,
        busy(pool.url(direct), clients),
        reached(pool.url(direct)) as database,
    ):
        for _ in range(5):
            with pytest.raises(SessionsShared):
                refuse_shared_sessions(database)


@pytest.mark.usefixtures("pgbouncer")
def test_a_pool_in_session_mode_is_as_good_as_none(postgresql: PostgresServer) -> None:
    direct = postgresql.database()
    with (
        PgBouncer(postgresql, "session") as pool,
        busy(pool.url(direct), 8),
        reached(pool.url(direct)) as database,
    ):
        for _ in range(10):
            refuse_shared_sessions(database)


def test_a_direct_connection_is_never_refused_and_leaves_nothing_behind(
    postgresql: PostgresServer,
) -> None:
    direct = postgresql.database()
    with reached(direct) as database, busy(direct, 8):
        for _ in range(10):
            refuse_shared_sessions(database)
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid"
    name = direct.rpartition("/")[2]
    assert postgresql.ask(f"{locks} FROM pg_database WHERE datname = '{name}')") == [(0,)]


def test_a_server_with_few_connections_left_is_not_refused_for_that(
    postgresql: PostgresServer,
) -> None:
    direct = postgresql.database()
    name = direct.rpartition("/")[2]
    postgresql.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 2')
    postgresql.execute("CREATE ROLE few LOGIN")
    few = direct.replace("postgres@", "few@")
    with reached(few) as database, capture_logs() as logs:
        refuse_shared_sessions(database)
    assert [one["event"] for one in logs] == ["connection pool not ruled out"]


def test_sqlite_has_no_sessions_to_share(sqlite_database: Database) -> None:
    refuse_shared_sessions(sqlite_database)


def test_a_database_that_is_away_is_no_pool() -> None:
    with reached("postgresql://bot@127.0.0.1:1/x") as database, pytest.raises(OperationalError):
        refuse_shared_sessions(database)
