"""Each test has a folder of its own, and nothing of the machine's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.init.newcomer import VARIABLES, Newcomer

DESKTOP = ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION")


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newcomer]:
    """In an empty folder, between the sandboxes, which the environment names."""
    newcomer = Newcomer(tmp_path)
    with newcomer.slack, newcomer.digitalocean:
        for name in [*VARIABLES, *(f"{name}_FILE" for name in VARIABLES), *DESKTOP]:
            monkeypatch.delenv(name, raising=False)
        for name, value in newcomer.endpoints.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        yield newcomer
