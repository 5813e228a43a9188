"""A queue of jobs of one kind, handled by a few threads of its own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import Context
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import structlog
from structlog.contextvars import bind_contextvars

from bot.store.database_state import DatabaseState
from bot.store.failures import DATABASE_UNAVAILABLE, error_code

_CLOSE_SECONDS = 0.5

T = TypeVar("T")
log = structlog.get_logger()

Executors = Callable[[int, str], Executor]  # how many at the same time, and the name


class JobHandler(Protocol[T]):
    """Claims jobs of one kind from their table, and handles them."""

    def claim(self, *, most: int) -> Sequence[T]:
        """Return at most that many jobs to handle now."""
        ...

    def handle(self, item: T) -> object:
        """Handle one job, in a logging context of its own: what is bound there stays there."""
        ...


def threads(concurrency: int, name: str) -> Executor:
    """Return the executor of a queue in a running process."""
    return ThreadPoolExecutor(concurrency, thread_name_prefix=name)


class JobQueue(Generic[T]):
    """Jobs of one kind. Each queue has its own threads, so that a slow one delays no other.

    Args:
        name: as `NextDue` and the log know it.
        handler: claims and handles the jobs.
        on_done: called after each job, for there is a free thread again.
        concurrency: how many jobs at the same time.
        executors: makes what the jobs run in.
    """

    def __init__(
        self,
        name: str,
        handler: JobHandler[T],
        on_done: Callable[[], None],
        database_state: DatabaseState,
        *,
        concurrency: int,
        executors: Executors = threads,
    ) -> None:
        self.name = name
        self._handler = handler
        self._on_done = on_done
        self._database_state = database_state
        self._concurrency = concurrency
        self._executor = executors(concurrency, name)
        self._in_progress: set[Future[Any]] = set()
        self._lock = threading.Lock()
        self._dispatching = threading.Lock()
        self._is_closed = False
        self._database_failure: str | None = None

    def dispatch(self) -> int:
        """Claim what is due, as far as threads are free, and have it handled; return how much."""
        with self._dispatching:  # two at once would claim more than there are threads for
            free = 0 if self._is_closed else self._concurrency - len(self.in_progress())
            items = self._handler.claim(most=free) if free > 0 else []
            for item in items:
                self._submit(item)
            return len(items)

    def in_progress(self) -> set[Future[Any]]:
        """Return the jobs that are being handled now."""
        with self._lock:
            return set(self._in_progress)

    def close(self) -> None:
        """Take on nothing more; what is in progress ends by itself, or is done again."""
        self._is_closed = True
        if self._dispatching.acquire(timeout=_CLOSE_SECONDS):  # what is claimed is handed out too
            self._dispatching.release()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _submit(self, item: T) -> None:
        context = Context()  # without what is bound where it is claimed
        job = self._executor.submit(context.run, self._handle, item)
        with self._lock:
            self._in_progress.add(job)
        job.add_done_callback(partial(self._end, context))

    def _handle(self, item: T) -> None:
        bind_contextvars(queue=self.name)
        self._handler.handle(item)

    def _end(self, context: Context, job: Future[Any]) -> None:
        with self._lock:
            self._in_progress.discard(job)
        if not job.cancelled():
            self._note(context, job.exception())
        self._on_done()

    def _note(self, context: Context, error: BaseException | None) -> None:
        if error is not None and self._database_state.explains(error):
            return
        # What is wrong with the database is so for each job: no traceback for each of them.
        failure = error_code(error) if isinstance(error, DATABASE_UNAVAILABLE) else None
        with self._lock:
            is_news, self._database_failure = failure != self._database_failure, failure
        if error is not None and (failure is None or is_news):
            context.run(_log_failure, error)


def _log_failure(error: BaseException) -> None:
    log.error("job failed", exc_info=error)  # it is still in its table, and done again
