"""One line takes one thread, whatever stands in it; the others go on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import pytest

from bot.slack.inbound.lines import Lines


@pytest.fixture
def lines() -> Iterator[Lines]:
    with ThreadPoolExecutor(2) as pool:
        yield Lines(pool)


def test_a_line_that_is_stuck_leaves_the_other_thread_to_the_others(lines: Lines) -> None:
    released, others = Event(), Event()
    for _ in range(10):
        lines.submit("stuck", partial(released.wait, 20))

    lines.submit("fine", others.set)

    assert others.wait(5)
    released.set()


def test_a_line_keeps_its_order_and_goes_on_after_a_fault(lines: Lines) -> None:
    done, over = list[int](), Event()

    def task(number: int) -> None:
        done.append(number)
        if number == 3:
            raise ValueError("a bug")

    for number in range(10):
        lines.submit("one", partial(task, number))
    lines.submit("one", over.set)

    assert over.wait(5)
    assert done == list(range(10))


def test_a_line_that_was_served_takes_more(lines: Lines) -> None:
    for _ in range(3):
        done = Event()
        lines.submit("one", done.set)
        assert done.wait(5)
