"""Snapshots of words: one text file beside each module, to be read as the messages are."""

from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.amber import AmberSnapshotExtension


class PlainText(AmberSnapshotExtension):
    """Keeps texts as they are, each under the name of its test."""

    file_extension = "txt"

    def serialize(self, data: Any, **_: Any) -> str:
        return str(data)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """What was agreed on, as plain text."""
    return snapshot.use_extension(PlainText)
