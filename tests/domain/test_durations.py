from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.durations import parse_duration, show_duration
from bot.domain.refusal import Refused
from bot.slack.messages.refusals import sentence
from tests.domain.examples import refused

WHOLE_SECONDS = st.integers(1, 10**9).map(lambda seconds: timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("45s", timedelta(seconds=45)),
        ("90m", timedelta(minutes=90)),
        ("2h", timedelta(hours=2)),
        ("1h30m", timedelta(minutes=90)),
        ("1d", timedelta(days=1)),
        ("1w", timedelta(weeks=1)),
        ("1w2d3h4m5s", timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5)),
        (" 2H ", timedelta(hours=2)),
        ("0h5m", timedelta(minutes=5)),
    ],
)
def test_a_duration_is_read_as_people_write_it(typed: str, meant: timedelta) -> None:
    assert parse_duration(typed) == meant


@pytest.mark.parametrize(
    "typed",
    ["", " ", "h", "2", "2x", "-1h", "+1h", "1.5h", "30m1h", "1h 30m", "1h1h", "PT1H", "9999999s"],
)
def test_what_is_no_duration_is_refused_with_examples_of_durations(typed: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_duration(typed)

    assert "isn't a duration" in sentence(caught.value.refusal)
    assert f"`{typed.strip()}`" in sentence(caught.value.refusal)
    for example in ("`90m`", "`2h`", "`1h30m`", "`1d`", "`1w`"):
        assert example in sentence(caught.value.refusal)


@pytest.mark.parametrize("typed", ["0s", "0h", "0w0d0h0m0s", "000m"])
def test_a_duration_of_zero_is_refused(typed: str) -> None:
    with refused("duration of zero opens nothing") as caught:
        parse_duration(typed)

    assert "Try `30m`" in sentence(caught.value.refusal)


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        (timedelta(), "0s"),
        (timedelta(seconds=-5), "0s"),
        (timedelta(seconds=59.6), "1m"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=8), "1w1d"),
        (timedelta(hours=24), "1d"),
    ],
)
def test_a_duration_is_shown_as_it_would_be_typed(duration: timedelta, shown: str) -> None:
    assert show_duration(duration) == shown


@given(WHOLE_SECONDS)
def test_a_duration_that_is_shown_is_read_as_the_same(duration: timedelta) -> None:
    assert parse_duration(show_duration(duration)) == duration


@given(st.text() | st.text("0123456789wdhms ²٣-+.", max_size=12))
def test_whatever_is_typed_is_a_duration_longer_than_zero_or_refused(text: str) -> None:
    try:
        duration = parse_duration(text)
    except Refused:
        return
    assert duration > timedelta()
    assert parse_duration(show_duration(duration)) == duration
