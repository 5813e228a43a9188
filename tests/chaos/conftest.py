"""Chaos happens on both databases."""

from pathlib import Path

import pytest

from tests.postgresql import PostgresServer
from tests.storage import PostgresStorage, SqliteStorage, Storage


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "sqlite":
        return SqliteStorage(tmp_path)
    server: PostgresServer = request.getfixturevalue("postgresql")
    return PostgresStorage(server)
