"""Databases that can be read, and not written: full, or read-only, as the real ones are."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import psycopg
from sqlalchemy import event

from bot.store.database import Database
from tests.scenarios.world import World

Broken = Callable[[World], AbstractContextManager[None]]
_PAGE_BYTES = 4000  # a row that fills a page of SQLite's


def database_of(world: World) -> Database:
    """Return the bot's database."""
    return world.service.components.database


@contextmanager
def full_file(world: World, *, room: int = 0) -> Iterator[None]:
    """Let the file not grow any more, and take all but *room* pages of what is left in it."""
    with _each_connection(world, "max_page_count = 1"):  # it takes the present count for that
        other = sqlite3.connect(str(database_of(world).url.database), isolation_level=None)
        other.execute("PRAGMA busy_timeout = 30000")
        other.execute("CREATE TABLE filler (content)")
        kept = [other.execute(*_filling(_PAGE_BYTES)).lastrowid for _ in range(room)]
        other.execute("PRAGMA max_page_count = 1")
        for size in (2000, 10):
            with suppress(sqlite3.OperationalError):
                while True:
                    other.execute(*_filling(size))
        other.executemany("DELETE FROM filler WHERE rowid = ?", [(row,) for row in kept])
        yield
    other.execute("PRAGMA max_page_count = 1000000")
    other.execute("DROP TABLE filler")
    other.close()


@contextmanager
def read_only_file(world: World) -> Iterator[None]:
    """Let SQLite refuse each write."""
    with _each_connection(world, "query_only = ON"):
        yield


@contextmanager
def full_server(world: World, *, room: int = 0) -> Iterator[None]:
    """Let PostgreSQL refuse each write as it does without room, after *room* statements."""
    with psycopg.connect(_url(world), autocommit=True) as administrator:
        administrator.execute("CREATE SEQUENCE room")
        administrator.execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF nextval('room') <= {room:d} THEN RETURN NULL; END IF; RAISE EXCEPTION"
            """ 'could not extend file "base/5/2619": No space left on device'"""
            " USING ERRCODE = 'disk_full'; END $$".encode()
        )
        tables = administrator.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        for (table,) in tables:
            administrator.execute(
                f'CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON "{table}" '.encode()
                + b"FOR EACH STATEMENT EXECUTE FUNCTION no_room()"
            )
        yield
        administrator.execute("DROP FUNCTION no_room CASCADE")
        administrator.execute("DROP SEQUENCE room")


@contextmanager
def read_only_server(world: World) -> Iterator[None]:
    """Let each transaction be as on a standby, or on a server whose disk is nearly full."""
    engine, is_over = database_of(world).engine, False

    def refuse(connection: psycopg.Connection[Any], _record: Any, _proxy: Any) -> None:
        connection.read_only = None if is_over else True

    event.listen(engine, "checkout", refuse)
    yield
    is_over = True


@contextmanager
def _each_connection(world: World, pragma: str) -> Iterator[None]:
    """Let SQLite refuse something in every connection."""
    engine = database_of(world).engine

    def refuse(connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", refuse)
    engine.dispose()
    yield
    event.remove(engine, "connect", refuse)
    engine.dispose()


def _filling(size: int) -> tuple[str, list[int]]:
    return "INSERT INTO filler VALUES (zeroblob(?))", [size]


def _url(world: World) -> str:
    return database_of(world).url.set(drivername="postgresql").render_as_string(False)
