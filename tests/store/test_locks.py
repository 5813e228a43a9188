"""One reconciler at a time for a cluster, and a lock that dies with its holder."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, event

from bot.database_url import database_url
from bot.store.database import Database
from bot.store.failures import DATABASE_UNAVAILABLE
from bot.store.locks import ClusterLocks, number, taken
from tests.postgresql import PostgresServer
from tests.waiting import eventually

ORDERS, ANALYTICS = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30", "1b2f7a90-6f0c-4f3a-9a53-0f6d5c1f9f11"
HOLD_FOR_EVER = """
import sys, time
from bot.store.database import Database
from bot.store.locks import ClusterLocks, number, taken
with ClusterLocks(Database(sys.argv[1])).hold(sys.argv[2]) as held:
    print(held is not None, flush=True)
    time.sleep(60)
"""
_HOW_IT_STANDS = """
SELECT count(*), current_setting('idle_session_timeout')
FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
"""


@pytest.fixture
def locks(empty_database: Database) -> ClusterLocks:
    return ClusterLocks(empty_database)


@pytest.fixture
def others(empty_database: Database) -> Iterator[ClusterLocks]:
    """The locks of another process, as far as locks can tell."""
    database = Database(empty_database.url.render_as_string())
    yield ClusterLocks(database)
    database.close()


def is_free(locks: ClusterLocks, cluster_id: str = ORDERS) -> bool:
    with locks.hold(cluster_id) as held:
        return held is not None


def test_the_second_to_come_is_told_that_it_is_taken(locks: ClusterLocks) -> None:
    with locks.hold(ORDERS) as held:
        assert held is not None
        held.renew()
        assert not is_free(locks)
        assert not is_free(locks), "asking takes nothing away"
    assert is_free(locks)


def test_another_process_is_told_so_too(locks: ClusterLocks, others: ClusterLocks) -> None:
    with locks.hold(ORDERS):
        assert not is_free(others)
    assert is_free(others)
    with others.hold(ORDERS):
        assert not is_free(locks)
    assert is_free(locks)


def test_each_cluster_has_a_lock_of_its_own(locks: ClusterLocks, others: ClusterLocks) -> None:
    with locks.hold(ORDERS):
        assert is_free(locks, ANALYTICS)
        assert is_free(others, ANALYTICS)


def test_the_lock_is_free_again_after_a_failure(locks: ClusterLocks, others: ClusterLocks) -> None:
    with pytest.raises(RuntimeError), locks.hold(ORDERS):
        raise RuntimeError
    assert is_free(others)
    assert is_free(locks)


def test_the_lock_dies_with_a_process_that_is_killed(
    empty_database: Database, locks: ClusterLocks
) -> None:
    url = empty_database.url.render_as_string()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_FOR_EVER, url, ORDERS], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert not is_free(locks)
    finally:
        holder.kill()
        holder.communicate(timeout=30)
    eventually(lambda: is_free(locks))


def test_who_stands_still_loses_the_lock_and_learns_of_it(postgresql: PostgresServer) -> None:
    database = Database(database_url(postgresql.database()))
    other = Database(database.url.render_as_string())
    try:
        frozen = ClusterLocks(database, standstill_seconds=0.3)
        with frozen.hold(ORDERS) as held:
            assert held is not None
            held.renew()
            eventually(lambda: is_free(ClusterLocks(other)))
            with pytest.raises(DATABASE_UNAVAILABLE):
                held.renew()
        assert is_free(frozen)
    finally:
        database.close()
        other.close()


def test_whenever_it_is_held_the_server_is_ready_to_hang_up(postgresql: PostgresServer) -> None:
    """A process may freeze after any statement, and no lock may stay with it for ever."""
    database = Database(database_url(postgresql.database()))
    seen = []

    @event.listens_for(database.engine, "after_cursor_execute")
    def look(connection: Connection, *_: object) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        seen.append(driver.execute(_HOW_IT_STANDS).fetchone())

    try:
        with ClusterLocks(database).hold(ORDERS) as held:
            assert held is not None
            held.renew()
            assert not is_free(ClusterLocks(database))
        assert is_free(ClusterLocks(database))
    finally:
        database.close()
    assert {after for locks, after in seen if locks} == {"1min"}
    assert seen[-1] == (0, "0"), "the pool gets the connection back as it was"


def test_it_is_known_which_clusters_somebody_is_at(
    locks: ClusterLocks, others: ClusterLocks, empty_database: Database
) -> None:
    with locks.hold(ORDERS), others.hold(ANALYTICS), empty_database.reading() as session:
        known = taken(session)
    with empty_database.reading() as session:
        assert taken(session) == frozenset()

    expected = set() if empty_database.is_sqlite else {number(ORDERS), number(ANALYTICS)}
    assert known == expected
