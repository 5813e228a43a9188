"""A database of its own for each test, with the schema that the migrations make."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store import schema
from bot.store.database import Database


@pytest.fixture
def empty_database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'dbaccess.db'}")
    yield database
    database.close()


@pytest.fixture
def database(empty_database: Database) -> Database:
    schema.upgrade(empty_database)
    return empty_database
