"""Each test of `dbaccess check` has a folder of its own, and nothing of the machine's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config import Settings
from tests.checks.operator_folder import Operator


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    """Everything in order, between the sandboxes."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name in os.environ:
        if name.lower().endswith("_proxy") or name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    operator = Operator(tmp_path)
    with operator.slack, operator.digitalocean:
        yield operator
