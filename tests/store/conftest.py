"""A database of its own for each test, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.database_url import database_url
from bot.store.database import Database
from tests.storage import SqliteStorage, Storage, storage_of


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return storage_of(request.param, request, tmp_path)


@pytest.fixture
def empty_database(storage: Storage) -> Iterator[Database]:
    database = Database(database_url(storage.url))
    yield database
    database.close()


@pytest.fixture
def database(storage: Storage) -> Iterator[Database]:
    storage.prepare()
    database = Database(database_url(storage.url))
    yield database
    database.close()


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """For what is SQLite's alone."""
    storage = SqliteStorage(tmp_path)
    storage.prepare()
    database = Database(storage.url)
    yield database
    database.close()
