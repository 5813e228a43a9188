"""A database with a current schema, and the environment of somebody who types `dbaccess report`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.database import Database
from tests.storage import migrated

CONFIG = """
instance = "prod"
operators = "C0OPS"
[defaults]
channel = "C0APPROVALS"
approvers = ["U0ALICE"]
[clusters.orders]
id = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = migrated(tmp_path)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command runs; neither Slack nor DigitalOcean can be reached from there."""
    (tmp_path / "dbaccess.toml").write_text(CONFIG)
    environment = {
        "DATABASE_URL": str(database.url),
        "SLACK_BOT_TOKEN": "xoxb-secret",
        "SLACK_SIGNING_SECRET": "signing-secret",
        "SLACK_API_URL": "http://127.0.0.1:9/api/",
        "DIGITALOCEAN_TOKEN": "dop-secret",
        "DIGITALOCEAN_API_URL": "http://127.0.0.1:9",
        "LOG_FORMAT": "json",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path
