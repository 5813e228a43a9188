"""Chaos happens on both databases."""

from pathlib import Path

import pytest

from tests.storage import Storage, storage_of


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return storage_of(request.param, request, tmp_path)
