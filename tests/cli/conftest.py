"""Where a command runs: a folder with a database, and tokens in the environment."""

from pathlib import Path

import pytest

from bot.config import Settings
from bot.store.database import Database
from tests.storage import migrated


@pytest.fixture
def empty_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The database that the command finds, with a current schema and nothing in it."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "DIGITALOCEAN_TOKEN"):
        monkeypatch.setenv(name, f"{name}-5f3a5f3a5f3a")
    return migrated(tmp_path)
