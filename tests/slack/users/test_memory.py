"""What is remembered, and for whom: an answer serves nobody who needs to know what came after."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from bot.slack.users.memory import Memory
from tests.waiting import eventually

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
RITA = "U0RITA"


class Calls:
    """Calls of Slack's that are answered when a test says so, and a clock that it moves."""

    def __init__(self) -> None:
        self.now = START
        self.under_way: list[Future[str]] = []

    def __call__(self) -> str:
        call: Future[str] = Future()
        self.under_way.append(call)
        return call.result()

    def after(self, seconds: float) -> datetime:
        self.now = START + timedelta(seconds=seconds)
        return self.now


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def memory(calls: Calls) -> Memory[str]:
    return Memory(lambda: calls.now.timestamp(), lambda: calls.now)


Getting = Callable[..., Future[str]]


@pytest.fixture
def gets(calls: Calls, memory: Memory[str]) -> Iterator[Getting]:
    """Start a thread that needs to know; return what it will have learnt."""
    with ThreadPoolExecutor() as pool:

        def get(*, calls_then: int, since: datetime | None = None) -> Future[str]:
            got = pool.submit(memory.get, RITA, calls, since=since)
            eventually(lambda: len(calls.under_way) == calls_then or got.done())
            return got

        yield get
        for call in calls.under_way:
            if not call.done():
                call.set_result("too late")


def test_threads_that_need_the_same_make_one_call(calls: Calls, gets: Getting) -> None:
    several = [gets(calls_then=1) for _ in range(5)]
    calls.under_way[0].set_result("member")

    assert {one.result() for one in several} == {"member"}
    assert len(calls.under_way) == 1


def test_a_call_that_was_made_before_a_click_tells_nothing_of_what_is_so_after_it(
    calls: Calls, memory: Memory[str], gets: Getting
) -> None:
    early = gets(calls_then=1)
    click = calls.after(1)
    calls.after(2)
    late = gets(calls_then=2, since=click)
    joined = gets(calls_then=2, since=click)

    calls.under_way[1].set_result("left the group")
    assert (late.result(), joined.result()) == ("left the group", "left the group")
    calls.under_way[0].set_result("in the group")
    assert early.result() == "in the group"
    assert memory.fresh(RITA) == "left the group", "what was asked last is what counts"


def test_what_was_asked_at_the_very_moment_of_a_click_was_not_asked_after_it(
    calls: Calls, gets: Getting
) -> None:
    early = gets(calls_then=1)
    late = gets(calls_then=2, since=calls.now)
    calls.under_way[0].set_result("before")
    calls.under_way[1].set_result("after")

    assert (early.result(), late.result()) == ("before", "after")


def test_an_account_that_changes_while_it_is_asked_about_is_asked_about_again(
    calls: Calls, memory: Memory[str], gets: Getting
) -> None:
    early = gets(calls_then=1)
    memory.outdate(RITA)
    late = gets(calls_then=2)
    calls.under_way[1].set_result("deactivated")
    assert late.result() == "deactivated"
    calls.under_way[0].set_result("member")
    early.result()

    assert memory.fresh(RITA) == "deactivated"


def test_an_answer_that_is_outdated_when_it_comes_is_not_remembered(
    calls: Calls, memory: Memory[str], gets: Getting
) -> None:
    early = gets(calls_then=1)
    memory.outdate(RITA)
    calls.under_way[0].set_result("member")
    early.result()

    assert memory.fresh(RITA) is None


def test_a_failure_is_everybodys_who_waited_and_nobodys_who_comes_later(
    calls: Calls, gets: Getting
) -> None:
    several = [gets(calls_then=1) for _ in range(3)]
    calls.under_way[0].set_exception(OSError("cut line"))
    for one in several:
        with pytest.raises(OSError, match="cut line"):
            one.result()

    later = gets(calls_then=2)
    calls.under_way[1].set_result("member")
    assert later.result() == "member"


def test_whatever_many_threads_do_nobody_gets_what_was_asked_before_their_click() -> None:
    """Each answer is the moment at which it was asked for."""
    ticks, lock = count(), threading.Lock()

    def now() -> datetime:
        with lock:
            return START + timedelta(microseconds=next(ticks))

    memory = Memory[datetime](lambda: 0.0, now)

    def ask() -> datetime:
        asked_at = now()
        threading.Event().wait(0.001)
        return asked_at

    def click(number: int) -> None:
        if number % 10 == 0:
            memory.outdate(RITA)
        since = now() if number % 3 else None
        answer = memory.get(RITA, ask, since=since)
        assert since is None or answer > since

    with ThreadPoolExecutor(8) as pool:
        for one in [pool.submit(click, number) for number in range(400)]:
            one.result()
