"""Health: whether this process lives, and whether the installation does its work.

Neither question takes longer than two seconds, whatever hangs. Between two, nothing is remembered
but that a row was written a moment ago.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.deadlines import BoundedCall, NoAnswer
from bot.store import heartbeats, periodic, schema
from bot.store.counts import jobs_held
from bot.store.database import Database
from bot.store.periodic import JobRun
from bot.store.waiting import Waiting
from bot.web.write_probe import WriteProbe, problem_of

_SILENCE_SECONDS = 30.0
_STUCK_SECONDS = 300.0
_JOBS = "periodic jobs"
_SLACK = "slack"
_FIXES = {
    "account_inactive": "install the app in the workspace again, with its new token",
    "missing_scope": "install the app again from the manifest",
}
_INTERVALS = 3  # a periodic job is missed after so many of its own, if that is longer


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `problem` says in a sentence what is wrong, if anything is."""

    name: str
    problem: str | None = None


@dataclass(frozen=True)
class _Found:
    beat_at: datetime | None
    runs: list[JobRun]
    refused: dict[str, Waiting]  # jobs that are held, by Slack's code for the installation


class Health:
    """What `/healthz` and `/readyz` ask.

    Args:
        database: the one to reach.
        clock: the workers'.
        seconds_since_last_tick: of the worker of this process.
        connection: returns what is wrong with that of Socket Mode; None where there is none.
        is_draining: tells whether the process is about to stop.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        seconds_since_last_tick: Callable[[], float] = lambda: 0.0,
        connection: Callable[[], str | None] | None = None,
        is_draining: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._clock = clock
        self._seconds_since_last_tick = seconds_since_last_tick
        self._connection = connection
        self._is_draining = is_draining
        self._call = BoundedCall(self._ask, name="health")
        self._writing = WriteProbe(database, clock)

    def stopping(self) -> str | None:
        """Return why nothing more should be sent to this process, if it is about to stop."""
        return "the process is stopping: send requests to another" if self._is_draining() else None

    def stuck(self) -> str | None:
        """Return why this process can only be helped by a restart, if that is so."""
        if self._seconds_since_last_tick() <= _STUCK_SECONDS:
            return None
        return "the worker's thread is dead or stuck"

    def checks(self) -> list[Check]:
        """Return what was looked at: database, schema, worker, jobs, Slack, Socket Mode."""
        stopping = self.stopping()
        found = [*([Check("process", stopping)] if stopping else []), *self._of_database()]
        if self._connection is not None:
            found.append(Check("socket mode", self._connection()))
        return found

    def _of_database(self) -> list[Check]:
        self._writing.begin()
        try:
            found = self._call.result()
        except SQLAlchemyError as error:
            return _unknown(problem_of(error))
        except NoAnswer:
            return _unknown("the database does not answer in time")
        if found is None:
            outdated = Check("schema", "the schema is not current: run `dbaccess migrate`")
            return [Check("database"), outdated, *_not_known("while the schema is not current")]
        if problem := self._writing.problem():
            unsaved = _not_known("while nothing can be saved")
            return [Check("database", problem), Check("schema"), *unsaved]
        answered = [Check("database"), Check("schema")]
        worker = Check("worker", self._silence(found.beat_at))
        missed = "not known without a worker" if worker.problem else self._missed(found.runs)
        return [*answered, worker, Check(_JOBS, missed), Check(_SLACK, _refusal(found.refused))]

    def _silence(self, beat_at: datetime | None) -> str | None:
        if beat_at is None:
            return "no worker has ever run: is `dbaccess worker` running?"
        if beat_at < self._clock.in_seconds(-_SILENCE_SECONDS):
            return f"no worker has run since {beat_at:%FT%TZ}: is `dbaccess worker` running?"
        return None

    def _missed(self, runs: list[JobRun]) -> str | None:
        """Return which jobs have not run for several of their intervals.

        Whether they succeed is not asked: nobody is served better where no request comes in
        because a job fails. That is for alerts.
        """
        missed = [
            f"`{run.name}` has not run since {run.ran_at:%FT%TZ}"
            for run in runs
            if run.ran_at < self._clock.in_seconds(-_longest_silence(run))
        ]
        return f"{', '.join(missed)}: see the worker's log" if missed else None

    def _ask(self) -> _Found | None:
        if schema.current_revision(self._database) != schema.newest_revision():
            return None
        with self._database.reading() as session:
            beat_at = heartbeats.last(session, self._clock.now())
            return _Found(beat_at, periodic.last_runs(session), jobs_held(session))


def _refusal(refused: dict[str, Waiting]) -> str | None:
    """Return with which code Slack refuses the whole installation, and what to do about it."""
    for code, jobs in refused.items():
        fix = _FIXES.get(code, "put the app's current token into SLACK_BOT_TOKEN and restart")
        return f"Slack refuses this app since {jobs.since:%FT%TZ} ({code}): {fix}"
    return None


def _longest_silence(run: JobRun) -> float:
    return max(_SILENCE_SECONDS, _INTERVALS * run.every.total_seconds())


def _unknown(problem: str) -> list[Check]:
    when = "while the database does not answer"
    return [Check("database", problem), Check("schema", f"not known {when}"), *_not_known(when)]


def _not_known(when: str) -> list[Check]:
    return [Check(name, f"not known {when}") for name in ("worker", _JOBS, _SLACK)]
