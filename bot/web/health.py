"""Health: whether this process lives, and whether the installation does its work.

Neither question takes longer than two seconds, whatever hangs; nothing is remembered between two.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.deadlines import BoundedCall, NoAnswer
from bot.store import heartbeats, schema
from bot.store.database import Database

_SILENCE_SECONDS = 30.0
_STUCK_SECONDS = 300.0
_TICKS = 3


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `problem` says in a sentence what is wrong, if anything is."""

    name: str
    problem: str | None = None


class Health:
    """What `/healthz` and `/readyz` ask.

    Args:
        database: the one to reach.
        clock: the workers'.
        tick: the longest that a worker sleeps.
        quiet_seconds: for how long the worker of this process has not come round.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        tick: timedelta,
        quiet_seconds: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._database = database
        self._clock = clock
        self._tick_seconds = tick.total_seconds()
        self._quiet_seconds = quiet_seconds
        self._call = BoundedCall(self._ask, name="health")

    def stuck(self) -> str | None:
        """Return why this process can only be helped by a restart, if that is so."""
        seconds = self._quiet_seconds()
        if seconds <= max(_STUCK_SECONDS, _TICKS * self._tick_seconds):
            return None
        return "the worker's thread is dead or stuck"

    def checks(self) -> list[Check]:
        """Return what was looked at: database, schema, worker."""
        try:
            is_current, beat_at = self._call.result()
        except SQLAlchemyError as error:
            return _unknown(f"the database cannot be reached: {type(error).__name__}")
        except NoAnswer:
            return _unknown("the database does not answer in time")
        reached = Check("database")
        if not is_current:
            outdated = Check("schema", "the schema is not current: run `dbaccess migrate`")
            return [reached, outdated, Check("worker", "not known while the schema is not current")]
        return [reached, Check("schema"), Check("worker", self._silence(beat_at))]

    def _silence(self, beat_at: datetime | None) -> str | None:
        if beat_at is None:
            return "no worker has ever looked: is `dbaccess worker` running?"
        longest = max(_SILENCE_SECONDS, _TICKS * self._tick_seconds)
        if beat_at < self._clock.in_seconds(-longest):
            return f"no worker has looked since {beat_at:%FT%TZ}: is `dbaccess worker` running?"
        return None

    def _ask(self) -> tuple[bool, datetime | None]:
        if schema.current_revision(self._database) != schema.newest_revision():
            return False, None
        with self._database.reading() as session:
            return True, heartbeats.last(session, self._clock.now())


def _unknown(problem: str) -> list[Check]:
    later = "not known while the database does not answer"
    return [Check("database", problem), Check("schema", later), Check("worker", later)]
