"""A receiver, and a database with an audit on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.database_url import database_url
from bot.store.database import Database
from tests.storage import Storage, storage_of
from tests.stream.siem import Siem, serving


@pytest.fixture
def siem() -> Iterator[Siem]:
    with serving() as siem:
        yield siem


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return storage_of(request.param, request, tmp_path)


@pytest.fixture
def database(storage: Storage) -> Iterator[Database]:
    storage.prepare()
    database = Database(database_url(storage.url))
    yield database
    database.close()
