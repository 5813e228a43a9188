"""Each test of the command line has a folder of its own, and nothing of the machine's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config import Settings
from tests.cli.examining import FirstHour


@pytest.fixture
def hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FirstHour]:
    """Everything in order, between the sandboxes."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    hour = FirstHour(tmp_path)
    with hour.slack, hour.digitalocean:
        yield hour
