"""A few durations to choose from, within what a cluster allows."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.durations import parse_duration, sensible_durations, show_duration

MINUTE = timedelta(minutes=1)
a_duration = st.integers(1, 100_000).map(lambda minutes: minutes * MINUTE)


@pytest.mark.parametrize(
    ("shortest", "longest", "usual", "choices"),
    [
        ("1m", "8h", "1h", "15m 30m 1h 2h 4h 8h"),
        ("1m", "2h", "1h", "15m 30m 1h 2h"),
        ("1m", "90m", "45m", "15m 30m 45m 1h 1h30m"),
        ("1m", "10m", "5m", "5m 10m"),
        ("1h", "1w", "2h", "1h 2h 4h 1d 2d 1w"),
        ("1m", "4w", "1h", "15m 1h 4h 1d 1w 4w"),
        ("2h", "2h", "2h", "2h"),
    ],
)
def test_the_choices_are_those_that_one_would_think_of(
    shortest: str, longest: str, usual: str, choices: str
) -> None:
    found = sensible_durations(*(parse_duration(text) for text in (shortest, longest, usual)))
    assert " ".join(show_duration(one) for one in found) == choices


@given(ends=st.tuples(a_duration, a_duration, a_duration))
def test_the_usual_and_the_longest_are_always_among_a_few(ends: tuple[timedelta, ...]) -> None:
    shortest, usual, longest = sorted(ends)

    found = sensible_durations(shortest, longest, usual)

    assert {usual, longest} <= set(found)
    assert found == sorted(set(found))
    assert all(shortest <= one <= longest for one in found)
    assert len(found) <= 6


def test_limits_that_exclude_each_other_leave_nothing_to_choose() -> None:
    assert sensible_durations(2 * MINUTE, MINUTE, None) == []


def test_without_a_usual_duration_the_longest_is_there() -> None:
    assert sensible_durations(MINUTE, 3 * MINUTE, None) == [3 * MINUTE]
