"""The story that `make story` tells."""

import pytest

from dbaccess_playground.demo.story import tell_story


def test_the_story_comes_true_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell_story(rate=400)
    told = capsys.readouterr().out
    for line in (
        "presses [Approve]",
        "You can connect",
        "ends soon",
        "has ended",
        "faults",
        "none.",
    ):
        assert line.lower() in told.lower()
