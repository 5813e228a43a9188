"""Waits grow, differ a little, and have a limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.retry import Backoff

BACKOFF = Backoff(first_seconds=2, longest_seconds=60, longest_asked_seconds=600)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 2), (2, 4), (3, 8), (5, 32), (6, 60), (7, 60), (10**9, 60)]
)
def test_each_failure_doubles_the_wait_up_to_the_longest(failures: int, seconds: float) -> None:
    waits = [BACKOFF.seconds(failures) for _ in range(200)]
    assert 0.75 * seconds <= min(waits) < 0.85 * seconds
    assert 1.15 * seconds < max(waits) <= 1.25 * seconds


@pytest.mark.parametrize(("since", "seconds"), [(0, 2), (-5, 2), (10, 10), (3600, 60)])
def test_who_counts_no_failures_waits_as_long_as_it_has_taken_already(
    since: float, seconds: float
) -> None:
    wait = BACKOFF.seconds_since(since)
    assert 0.75 * seconds <= wait <= 1.25 * seconds


@given(st.integers(1, 50), st.floats(0, 1e9))
def test_what_the_other_side_asks_for_is_done_to_the_second_within_a_limit(
    failures: int, asked: float
) -> None:
    assert BACKOFF.seconds(failures, asked=asked) == min(max(asked, 2), 600)
    assert BACKOFF.seconds_since(3, asked=asked) == min(max(asked, 2), 600)


def test_nothing_is_tried_again_that_has_not_failed() -> None:
    with pytest.raises(ValueError, match="0 failures"):
        BACKOFF.seconds(0)
