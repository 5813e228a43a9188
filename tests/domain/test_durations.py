from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.durations import (
    example_durations,
    examples_within,
    parse_duration,
    show_duration,
)
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
        ("1h 30m", timedelta(minutes=90)),
        ("2 hours", timedelta(hours=2)),
        ("30 min", timedelta(minutes=30)),
        ("1 hour, 30 minutes", timedelta(minutes=90)),
        ("1 hour and 30 minutes", timedelta(minutes=90)),
        ("`2h`", timedelta(hours=2)),
        ("2\xa0h\u200b", timedelta(hours=2)),
        ("1.5h", timedelta(minutes=90)),
        ("1.999s", timedelta(seconds=1)),
    ],
)
def test_a_duration_is_read_as_people_write_it(typed: str, meant: timedelta) -> None:
    assert parse_duration(typed) == meant


@pytest.mark.parametrize(
    "typed",
    ["", " ", "h", "2", "2x", "-1h", "+1h", "1.5h30m", "30m1h", "1,5h", "1h1h", "PT1H", "9999999s"],
)
def test_what_is_no_duration_is_refused_with_examples_of_durations(typed: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_duration(typed)

    assert "isn't a duration" in sentence(caught.value.refusal)
    assert f"`{typed.strip()}`" in sentence(caught.value.refusal)
    for example in ("`90m`", "`2h`", "`1h30m`", "`1d`", "`1w`"):
        assert example in sentence(caught.value.refusal)


@pytest.mark.parametrize("typed", ["0s", "0h", "0w0d0h0m0s", "000m", "0.333s", "0 min"])
def test_a_duration_of_zero_is_refused(typed: str) -> None:
    with refused("duration of zero opens nothing") as caught:
        parse_duration(typed)

    assert "Try `2h`" in sentence(caught.value.refusal)


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


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "typed", "meant"),
    [
        ("2026-11-25T15:17:30", "until 18:00", timedelta(hours=2, minutes=42)),
        ("2026-11-25T15:17:30", "till 6pm", timedelta(hours=2, minutes=42)),
        ("2026-11-25T15:17:30", "until 3:30 pm", timedelta(minutes=12)),
        ("2026-11-25T23:00:00", "until 02:00", timedelta(hours=3)),
        ("2026-11-25T22:00:00", "until 12am", timedelta(hours=2)),
        # The clocks of Berlin go forward at 2:00, and back at 3:00: then 2:30 is there twice.
        ("2026-03-29T01:00:00", "until 6:00", timedelta(hours=4)),
        ("2026-10-25T01:00:00", "until 6:00", timedelta(hours=6)),
        ("2026-10-25T01:00:00", "until 2:30", timedelta(hours=1, minutes=30)),
    ],
)
def test_an_end_is_the_next_time_that_clocks_show_it(
    now: str, typed: str, meant: timedelta
) -> None:
    local_now = datetime.fromisoformat(now).replace(tzinfo=BERLIN)

    assert parse_duration(typed, local_now=local_now) == meant


@pytest.mark.parametrize("typed", ["until 15:17", "until 9:00", "until 15:18"])
def test_an_end_that_has_passed_is_not_taken_for_tomorrows(typed: str) -> None:
    local_now = datetime(2026, 11, 25, 15, 17, 30, tzinfo=BERLIN)

    with refused("is (over 12 hours|less than a minute) away"):
        parse_duration(typed, local_now=local_now)


def test_an_end_is_not_guessed_where_the_time_zone_is_unknown() -> None:
    with refused("Your time zone isn't known"):
        parse_duration("until 18:00")


@given(st.datetimes(timezones=st.just(BERLIN)), st.times())
def test_no_end_is_later_than_typed(local_now: datetime, end: time) -> None:
    try:
        found = parse_duration(f"until {end:%H:%M}", local_now=local_now)
    except Refused:
        return
    ends_at = local_now.astimezone(UTC) + found
    assert timedelta(0) < found <= timedelta(hours=12)
    shown = {f"{(ends_at + timedelta(seconds=s)).astimezone(BERLIN):%H:%M}" for s in (0, 59.999999)}
    assert f"{end:%H:%M}" in shown or _clocks_change(ends_at)


def _clocks_change(at: datetime) -> bool:
    """Tell whether clocks go forward or back about then: some times of day are never shown."""
    before = (at - timedelta(hours=1)).astimezone(BERLIN)
    after = (at + timedelta(hours=1)).astimezone(BERLIN)
    return before.utcoffset() != after.utcoffset()


@given(longest=WHOLE_SECONDS, shortest=WHOLE_SECONDS)
def test_an_example_can_be_typed_and_would_be_taken(
    longest: timedelta, shortest: timedelta
) -> None:
    shortest, longest = sorted((longest, shortest))

    examples = example_durations(longest, shortest)

    assert examples
    for example in examples:
        assert shortest <= parse_duration(example) <= longest


@pytest.mark.parametrize("typed", ["an hour", "0m", "until 25:00", "soonish"])
@given(longest=WHOLE_SECONDS)
def test_what_is_misread_is_answered_by_examples_within_the_limit(
    typed: str, longest: timedelta
) -> None:
    with pytest.raises(Refused) as misread, examples_within(longest):
        parse_duration(typed)

    said = sentence(misread.value.refusal).replace(f"`{typed}`", "")
    examples = said.split("`")[1::2]
    assert examples
    assert all(parse_duration(example) <= longest for example in examples)


def test_without_a_limit_the_examples_are_of_all_units() -> None:
    assert example_durations(None) == ("90m", "2h", "1h30m", "1d", "1w")
