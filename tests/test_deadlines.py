"""Questions that may hang hold nobody up, and are asked anew once they have hung for long."""

import threading
from concurrent.futures import Future
from time import monotonic

import pytest

from bot.deadlines import BoundedCall, NoAnswer
from tests.waiting import eventually


class Oracle:
    """Answers how often it was asked, once it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = threading.Event()

    def __call__(self) -> int:
        self.asked += 1
        number = self.asked
        assert self.may_answer.wait(20)
        return number


@pytest.fixture
def oracle() -> Oracle:
    return Oracle()


def test_an_answer_is_passed_on(oracle: Oracle) -> None:
    oracle.may_answer.set()
    call = BoundedCall(oracle, name="oracle")
    assert [call.result(), call.result()] == [1, 2]


def test_what_is_raised_is_passed_on() -> None:
    def broken() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        BoundedCall(broken, name="broken").result()


def test_who_asks_is_held_up_no_longer_than_that(oracle: Oracle) -> None:
    began = monotonic()
    with pytest.raises(NoAnswer):
        BoundedCall(oracle, name="oracle", seconds=0.1).result()
    assert monotonic() - began < 2
    oracle.may_answer.set()


class Counted(BoundedCall[int]):
    """Notes whose answer each of those who ask waits for."""

    def __init__(self, oracle: Oracle) -> None:
        super().__init__(oracle, name="oracle", seconds=20, again_seconds=600)
        self.awaited: list[Future[int]] = []

    def _newest(self) -> Future[int]:
        newest = super()._newest()
        self.awaited.append(newest)
        return newest


def test_many_who_ask_share_one_answer_that_is_under_way(oracle: Oracle) -> None:
    call = Counted(oracle)
    heard: list[int] = []
    askers = [threading.Thread(target=lambda: heard.append(call.result())) for _ in range(8)]
    for asker in askers:
        asker.start()
    eventually(lambda: len(call.awaited) == 8)
    oracle.may_answer.set()
    for asker in askers:
        asker.join()
    assert len(heard) == 8
    assert oracle.asked == len(set(heard)) == 1


def test_what_hangs_for_long_is_asked_anew_but_not_without_end(oracle: Oracle) -> None:
    call = BoundedCall(oracle, name="oracle", seconds=0.01, again_seconds=0)
    for _ in range(6):
        with pytest.raises(NoAnswer):
            call.result()
    assert oracle.asked == 3
    oracle.may_answer.set()
    eventually(lambda: not any(thread.name == "oracle" for thread in threading.enumerate()))
    assert call.result() == 4
