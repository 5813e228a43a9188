"""Where the bot of a test keeps its rows: a SQLite file, or a database on a real PostgreSQL."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from bot.database_url import database_url
from bot.store import schema
from bot.store.database import Database
from tests.postgresql import PostgresServer


class Storage(Protocol):
    """One database, which can be lost."""

    @property
    def url(self) -> str:
        """The value for DATABASE_URL."""
        ...

    def prepare(self) -> None:
        """Have the schema there, unless something is there already: a copy of a migrated one."""
        ...

    def lose(self) -> None:
        """Let everything in it be gone, as after a disaster without a backup."""
        ...

    def everything(self) -> str:
        """Return all that is written down, as text."""
        ...


class SqliteStorage:
    """A file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def url(self) -> str:
        return f"sqlite:///{self._folder / 'dbaccess.db'}"

    def prepare(self) -> None:
        if not (self._folder / "dbaccess.db").exists():
            (self._folder / "dbaccess.db").write_bytes(_migrated_file())

    def lose(self) -> None:
        for file in self._folder.glob("dbaccess.db*"):
            file.unlink()

    def everything(self) -> str:
        files = self._folder.glob("dbaccess.db*")
        return "".join(file.read_bytes().decode("latin-1") for file in files)


def migrated(folder: Path) -> Database:
    """Return a database in *folder* with a current schema and nothing in it, unless it is there."""
    storage = SqliteStorage(folder)
    storage.prepare()
    return Database(storage.url)


class PostgresStorage:
    """A database on a server that others share."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._url: str | None = None
        self._lost: list[str] = []

    @property
    def url(self) -> str:
        if self._url is None:
            self._url = self._server.database()
        return self._url

    def prepare(self) -> None:
        if self._url is None:
            self._url = self._server.database(template=_migrated_on(self._server))

    def lose(self) -> None:
        if self._url is not None:
            self._lost.append(self._url)
        self._url = None

    def drop(self) -> None:
        """Leave nothing on the server; for when the test is over."""
        self.lose()
        while self._lost:
            self._server.drop(self._lost.pop())

    def everything(self) -> str:
        with psycopg.connect(self.url) as connection:
            tables = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            ).fetchall()
            return "\n".join(
                str(row)
                for (table,) in tables
                for row in connection.execute(SQL("SELECT * FROM {}").format(Identifier(table)))
            )


def storage_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> Storage:
    """Return an empty database: `sqlite` in a folder, or on the server for `postgresql`.

    It is there until what *request* is of has ended.
    """
    if kind == "sqlite":
        return SqliteStorage(folder)
    server: PostgresServer = request.getfixturevalue("postgresql")
    storage = PostgresStorage(server)
    request.addfinalizer(storage.drop)
    return storage


@cache
def _migrated_file() -> bytes:
    with tempfile.TemporaryDirectory(prefix="dbaccess-schema-") as folder:
        file = Path(folder) / "template.db"
        _migrate(f"sqlite:///{file}")
        return file.read_bytes()


@cache
def _migrated_on(server: PostgresServer) -> str:
    url = server.database()
    _migrate(url)
    return url.rpartition("/")[2]


def _migrate(url: str) -> None:
    database = Database(database_url(url))
    schema.upgrade(database)
    database.close()
