"""A job queue hands out what is due to the threads that are free."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from structlog.contextvars import bind_contextvars, bound_contextvars
from structlog.testing import capture_logs

from bot.store.database_state import DatabaseState
from bot.worker.job_queue import JobQueue
from tests.store.test_database_state import DISK_FULL
from tests.waiting import eventually
from tests.worker.test_scheduler import AWAY


class Numbers:
    """A handler of jobs that are numbers."""

    def __init__(self, handle: Callable[[int], object] = lambda _number: None) -> None:
        self.claimed = 0
        self.handle = handle

    def claim(self, *, most: int) -> list[int]:
        first, self.claimed = self.claimed, self.claimed + most
        return list(range(first, self.claimed))


@contextmanager
def queue(handler: Numbers, done: Callable[[], None] = lambda: None) -> Iterator[JobQueue[int]]:
    made: JobQueue[int] = JobQueue("numbers", handler, done, DatabaseState(), concurrency=3)
    try:
        yield made
    finally:
        made.close()


def test_no_more_is_claimed_than_there_are_free_threads() -> None:
    go_on = threading.Event()
    done = threading.Semaphore(0)
    handler = Numbers(lambda number: go_on.wait() if number else None)
    with queue(handler, done.release) as numbers:
        assert numbers.dispatch() == 3
        assert done.acquire(timeout=30), "the first is done at once"
        assert numbers.dispatch() == 1
        assert numbers.dispatch() == 0
        assert len(numbers.in_progress()) == 3
        go_on.set()
        eventually(lambda: not numbers.in_progress())
    assert handler.claimed == 4


def fails(error: Exception) -> Callable[[int], object]:
    def handle(number: int) -> None:
        bind_contextvars(number=number)
        raise error

    return handle


def logs_of(error: Exception) -> list[Any]:
    done = threading.Semaphore(0)
    with capture_logs() as logs, queue(Numbers(fails(error)), done.release) as numbers:
        with bound_contextvars(job="numbers_queue"):
            begun = numbers.dispatch()
        for _ in range(begun):
            assert done.acquire(timeout=30)
    return logs


def test_a_job_that_fails_is_logged_and_its_thread_is_free_again() -> None:
    logs = logs_of(ValueError("broken"))
    assert {(entry["event"], entry["log_level"]) for entry in logs} == {("job failed", "error")}


def test_a_database_that_is_away_is_logged_once_for_all_jobs() -> None:
    assert [entry["event"] for entry in logs_of(AWAY)] == ["database unavailable"]


def test_what_the_database_says_is_wrong_is_logged_once_and_without_a_traceback() -> None:
    [entry] = logs_of(DISK_FULL)
    assert (entry["event"], entry["trouble"]) == ("database unavailable", "full")
    assert "exc_info" not in entry
