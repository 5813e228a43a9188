"""A channel gets a burst, and then about a message a second, each in its turn."""

import pytest

from bot.slack.outbound.pace import BURST, Pace
from tests.scenarios.world import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def pace(clock: ManualClock) -> Pace:
    return Pace(clock)


def test_a_burst_goes_out_at_once_and_the_rest_a_second_apart(pace: Pace) -> None:
    waits = [pace.wait_seconds(number, "C1") for number in range(BURST + 3)]
    assert waits == [0] * BURST + [1, 2, 3]


def test_who_waits_keeps_its_place(pace: Pace, clock: ManualClock) -> None:
    for number in range(BURST + 2):
        pace.wait_seconds(number, "C1")
    clock.advance(seconds=1)
    assert pace.wait_seconds(BURST + 1, "C1") == 1
    assert pace.wait_seconds(BURST, "C1") == 0
    clock.advance(seconds=1)
    assert pace.wait_seconds(BURST + 1, "C1") == 0


def test_each_channel_has_a_pace_of_its_own(pace: Pace) -> None:
    for number in range(BURST + 1):
        pace.wait_seconds(number, "C1")
    assert pace.wait_seconds(99, "C2") == 0


def test_a_channel_that_was_quiet_has_its_burst_again(pace: Pace, clock: ManualClock) -> None:
    for number in range(BURST):
        pace.wait_seconds(number, "C1")
    clock.advance(seconds=BURST)
    assert [pace.wait_seconds(100 + n, "C1") for n in range(BURST)] == [0] * BURST


def test_a_channel_that_slack_wants_left_alone_is_left_alone_by_all(
    pace: Pace, clock: ManualClock
) -> None:
    pace.hold("C1", 30)
    assert pace.wait_seconds(1, "C1") == 30
    assert pace.wait_seconds(2, "C1") == 31
    assert pace.wait_seconds(3, "C2") == 0
    clock.advance(seconds=30)
    assert pace.wait_seconds(1, "C1") == 0


def test_a_clock_that_is_set_back_silences_no_channel(pace: Pace, clock: ManualClock) -> None:
    clock.advance(days=1)
    for number in range(BURST + 3):
        pace.wait_seconds(number, "C1")
    pace.hold("C1", 30)

    clock.advance(days=-1)

    assert pace.wait_seconds(BURST + 2, "C1") == 0
