from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.labels import Label, guard_label, label, read_label
from tests.domain.examples import NOW

TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
INSTANCES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)


def test_a_label_names_the_instance_the_grant_and_the_end_in_utc() -> None:
    assert str(label("prod", 42, NOW)) == "dbaccess/prod #42 until 2026-11-25T09:00:00Z"


def test_a_label_is_cut_to_the_second_so_that_it_never_promises_more_than_was_granted() -> None:
    assert label("prod", 42, NOW + timedelta(microseconds=999_999)).until == NOW


def test_a_label_tells_a_rule_that_was_adopted_from_one_that_was_added() -> None:
    adopted = label("prod", 42, NOW, adopted=True)
    assert str(adopted) == "dbaccess/prod #42 until 2026-11-25T09:00:00Z adopted"


def test_spaces_around_a_label_do_not_hide_it() -> None:
    assert read_label("  dbaccess/prod #42 until 2026-11-25T09:00:00Z\n") == label("prod", 42, NOW)


@pytest.mark.parametrize(
    "description",
    [
        None,
        "",
        "office",
        "dbaccess/prod",
        "dbaccess/prod #x until 2026-11-25T09:00:00Z",
        "dbaccess/prod #42 until tomorrow",
        "dbaccess/prod #42 until 2026-13-25T09:00:00Z",
        "dbaccess/prod #42 until 2026-11-25T09:00:60Z",
        "dbaccess/prod #42 until 2026-11-25T09:00:00+01:00",
        "dbaccess/prod #0 until 2026-11-25T09:00:00Z",
        "dbaccess/prod #1234567890 until 2026-11-25T09:00:00Z",
        "see dbaccess/prod #42 until 2026-11-25T09:00:00Z",
        "dbaccess/prod #42 until 2026-11-25T09:00:00Z (keep)",
    ],
)
def test_any_other_description_is_no_label(description: str | None) -> None:
    assert read_label(description) is None


def test_the_description_of_the_guard_rule_is_no_label_of_a_grant() -> None:
    assert guard_label("prod") == "dbaccess/prod guard, keeps this cluster closed"
    assert read_label(guard_label("prod")) is None


@given(INSTANCES, st.integers(1, 10**9 - 1), TIMES, st.booleans())
def test_a_label_that_was_written_is_read_as_the_same(
    instance: str, grant_id: int, until: datetime, adopted: bool
) -> None:
    written = label(instance, grant_id, until, adopted=adopted)

    assert read_label(str(written)) == written
    assert until - timedelta(seconds=1) < written.until <= until


@given(st.text() | st.text().map(lambda text: f"dbaccess/prod #1 until {text}"))
def test_whatever_a_description_says_reading_it_never_fails(description: str) -> None:
    found = read_label(description)

    assert found is None or isinstance(found, Label)
