"""Lines: what waits for the same waits in one line, so that it takes one thread and not all."""

from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Executor
from threading import Lock

Task = Callable[[], object]


class Lines:
    """Runs the tasks of each line one after the other, in the order in which they came.

    Args:
        pool: its threads, of which no line has more than one at a time.
    """

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._lock = Lock()
        self._waiting: dict[Hashable, deque[Task]] = {}  # behind the one that runs

    def submit(self, line: Hashable, task: Task) -> None:
        """Run *task* soon, after all that stand in its line."""
        with self._lock:
            if line in self._waiting:
                self._waiting[line].append(task)
                return
            self._waiting[line] = deque()
        self._pool.submit(self._run, line, task)

    def _run(self, line: Hashable, task: Task) -> None:
        try:
            task()
        finally:
            with self._lock:
                waiting = self._waiting[line]
                following = waiting.popleft() if waiting else None
                if following is None:
                    del self._waiting[line]
            if following is not None:
                self._pool.submit(self._run, line, following)
