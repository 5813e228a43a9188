"""Stored jobs of one kind: claimed from the table, handed to their handler, and brought to an end.

Each job ends: done, or given up when its patience or its tries are used up. Where the other side
refuses the whole installation, jobs of that kind are held: one is tried now and then, the others
wait, and no patience is used up.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

import structlog
from sqlmodel import Session

from bot.clock import Clock
from bot.retry import (
    Backoff,
    HopelessError,
    InstallationError,
    NotYet,
    PermanentError,
    TemporaryError,
    UnknownError,
)
from bot.store import jobs
from bot.store.database import Database
from bot.store.failures import DATABASE_UNAVAILABLE
from bot.store.jobs import Job, Kind, Outcome

TRIES = 5  # of what fails for a reason that nobody knows
PROBE_SECONDS = 30.0  # from one try to the next while the installation is refused

log = structlog.get_logger()

Finish = Callable[[Session], object]


class Handler(Protocol):
    """Does one kind of job."""

    @property
    def backoff(self) -> Backoff:
        """How long a job waits after it failed."""
        ...

    def handle(self, job: Job) -> Finish | None:
        """Do a job; return what to write down with its end, None where it has ended itself.

        Raises:
            TemporaryError: it is to be tried again later.
            InstallationError: the whole installation is refused.
            PermanentError: it is to be given up.
        """
        ...

    def give_up(self, session: Session, job: Job, error: str) -> None:
        """Tell those who can fix it, in the transaction in which the job ends."""
        ...


class StoredJobs:
    """Claims and handles the jobs of one kind. Safe to call from several threads.

    Args:
        kind: which.
        handler: does them.
        database: where they are.
        clock: tells when they are due.
        concurrency: how many are handled at the same time.
    """

    def __init__(
        self, kind: Kind, handler: Handler, database: Database, clock: Clock, *, concurrency: int
    ) -> None:
        self.concurrency = concurrency
        self._kind = kind
        self._handler = handler
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._retried = 0  # those in progress that have failed before
        self._held_by = ""  # the code with which the installation is refused
        self._held_at = clock.now()
        self._is_accepted = False  # since the installation was refused, or the start
        self._logged: set[str] = set()  # errors since the last success

    def claim(self, *, most: int) -> list[Job]:
        """Return jobs that this process now has to handle.

        Those that have failed before get half of the threads at the most.
        """
        with self._lock:
            most = min(most, self._room())
            most_retried = self.concurrency // 2 - self._retried
            if most <= 0:
                return []
            with self._database.transaction() as session:
                claimed = jobs.claim(
                    session,
                    self._kind,
                    self._clock.now(),
                    until=self._clock.in_seconds(jobs.LEASE_SECONDS),
                    most=most,
                    most_retried=most_retried,
                )
            self._retried += sum(job.attempts > 1 for job in claimed)
        return claimed

    def handle(self, item: Job) -> None:
        """Handle one job and note what became of it; only a database that is away is raised."""
        structlog.contextvars.bind_contextvars(job_id=item.id)
        try:
            self._handle(item)
        finally:
            with self._lock:
                self._retried -= item.attempts > 1

    def _handle(self, job: Job) -> None:
        try:
            finish = self._handler.handle(job)
        except NotYet as early:
            self._reschedule(job, early.retry_after or 0.0, has_failed=False)
        except InstallationError as refused:
            self._hold(job, str(refused))
        except TemporaryError as error:
            if isinstance(error, UnknownError):
                self._go_on()
            self._try_again(job, error)
        except HopelessError as error:
            self._give_up(job, str(error))
            self._try_another()
        except PermanentError as error:
            self._go_on()  # whoever refuses one message takes others
            self._give_up(job, str(error))
        except DATABASE_UNAVAILABLE:
            raise  # it is still there when the database is back
        except Exception as error:  # a fault of ours must not hold up the others for ever
            log.exception("job failed", kind=self._kind)
            self._try_again(job, UnknownError(type(error).__name__))
        else:
            self._succeed(job, finish)

    def _succeed(self, job: Job, finish: Finish | None) -> None:
        self._go_on()
        with self._lock:
            self._logged.clear()
        if finish is None:
            return
        with self._database.transaction() as session:
            finish(session)
            jobs.finish(session, job.id, self._clock.now(), Outcome.DONE)

    def _try_again(self, job: Job, error: TemporaryError) -> None:
        is_unknown = isinstance(error, UnknownError)
        is_out_of_tries = is_unknown and job.unknown_failures + 1 >= TRIES
        if is_out_of_tries or self._clock.now() >= job.deadline:
            self._give_up(job, str(error))
            return
        if self._is_news(job, str(error)):
            log.warning("job rescheduled", kind=self._kind, error=str(error))
        seconds = self._handler.backoff.seconds(job.attempts, asked=error.retry_after)
        self._reschedule(job, seconds, error=str(error), is_unknown=is_unknown)

    def _reschedule(self, job: Job, seconds: float, **why: Any) -> None:
        until = self._clock.in_seconds(min(seconds, jobs.LONGEST_WAIT_SECONDS))
        with self._database.transaction() as session:
            jobs.reschedule(session, job, until, **why)

    def _give_up(self, job: Job, error: str) -> None:
        log.error("job given up", kind=self._kind, error=error)
        try:
            self._end_as_failed(job, error, tell=self._handler.give_up)
        except DATABASE_UNAVAILABLE:
            raise
        except Exception:  # even so it has to end
            log.exception("failure not reported", kind=self._kind)
            self._end_as_failed(job, error, tell=lambda *_: None)

    def _end_as_failed(
        self, job: Job, error: str, *, tell: Callable[[Session, Job, str], None]
    ) -> None:
        with self._database.transaction() as session:
            tell(session, job, error)
            jobs.finish(session, job.id, self._clock.now(), Outcome.FAILED, error=error)

    def _hold(self, job: Job, error: str) -> None:
        now = self._clock.now()
        with self._lock:
            is_alone = job.is_held and self._is_accepted  # others are accepted meanwhile
            if not is_alone:
                self._is_accepted = False
                is_news, self._held_by, self._held_at = self._held_by != error, error, now
        if is_alone:
            self._reschedule(
                job, jobs.LONGEST_WAIT_SECONDS, error=error, has_failed=False, held_at=now
            )
            return
        if is_news:
            log.error("installation refused", kind=self._kind, error=error)
        self._reschedule(job, PROBE_SECONDS, error=error, has_failed=False, held_at=now)

    def _try_another(self) -> None:
        """Find out at once whether the installation is refused: that job could not tell."""
        with self._lock:
            self._held_at = self._clock.now() - self._probe_wait()

    def _go_on(self) -> None:
        with self._lock:
            self._is_accepted = True
            error, self._held_by = self._held_by, ""
        if error:
            log.info("installation accepted", kind=self._kind, error=error)

    def _room(self) -> int:
        """Return how many jobs may be tried now: while the installation is refused, one at times.

        A clock that was set back makes nobody wait for that day.
        """
        if not self._held_by:
            return self.concurrency
        must_wait = timedelta() <= self._clock.now() - self._held_at < self._probe_wait()
        if must_wait:
            return 0
        self._held_at = self._clock.now()
        return 1

    def _probe_wait(self) -> timedelta:
        return self._clock.in_seconds(PROBE_SECONDS) - self._clock.now()

    def _is_news(self, job: Job, error: str) -> bool:
        """Tell whether an error is to be logged: once for each state, and not at each try."""
        with self._lock:
            is_news = error != job.last_error and error not in self._logged
            self._logged.add(error)
        return is_news
