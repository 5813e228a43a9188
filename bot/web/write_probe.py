"""Whether something can be saved: a tiny row is written, shared by all who ask."""

from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.deadlines import BoundedCall, NoAnswer
from bot.faults import DatabaseTrouble
from bot.store import heartbeats
from bot.store.database import Database
from bot.store.failures import said_by, trouble_of

_SECONDS = 0.3  # on top of what else is asked of the database meanwhile
_FRESH_SECONDS = 3.0
_SILENCE_SECONDS = 12.0  # longer than a writer may hold up the others
_WHAT = {
    DatabaseTrouble.AWAY: "the database cannot be reached",
    DatabaseTrouble.FULL: "the database is full, and nothing can be saved",
    DatabaseTrouble.READ_ONLY: "the database is read-only, and nothing can be saved",
    DatabaseTrouble.BUSY: "the database is too busy, and nothing can be saved",
}


def problem_of(error: SQLAlchemyError) -> str:
    """Return what is wrong with the database, in its own words, without addresses (P8)."""
    trouble = trouble_of(error)
    what = _WHAT[trouble] if trouble else "the database refuses a statement"
    return f"{what}: {said_by(error)}"


class WriteProbe:
    """Writes a row every few seconds at most, as long as somebody asks.

    A writer that takes its time is no problem; one that does not end is.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._call = BoundedCall(self._write, name="write-probe", seconds=_SECONDS)
        self._written_at = monotonic() - _FRESH_SECONDS

    def begin(self) -> None:
        """Write a row, in the background."""
        if not self._is_fresh():
            self._call.begin()

    def problem(self) -> str | None:
        """Return why nothing can be saved, if that is so."""
        outage = self._database.state.outage
        if outage is not None:
            return f"{_WHAT[outage.trouble]}: {outage.said} (since {outage.since:%FT%TZ})"
        if self._is_fresh():
            return None
        try:
            self._call.result()
        except SQLAlchemyError as error:
            return problem_of(error)
        except NoAnswer:
            seconds = monotonic() - self._written_at
            return _WHAT[DatabaseTrouble.BUSY] if seconds > _SILENCE_SECONDS else None
        return None

    def _is_fresh(self) -> bool:
        return monotonic() - self._written_at < _FRESH_SECONDS

    def _write(self) -> None:
        with self._database.transaction() as session:
            heartbeats.probe(session, self._clock.now())
        self._written_at = monotonic()
