"""Whether the database can be used: one state for all of a process, and not one for each attempt.

Whoever meets a failure asks `explains`. The first of them begins an outage, which is logged once.
From then on one thread writes a row every second; the outage is over when that works, and nobody
else has failed for a while: on a full disk, some writes still find room.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import structlog

from bot.faults import DatabaseTrouble
from bot.store.failures import in_one_line, said_by, trouble_of

LASTING_SECONDS = 30.0  # a failover takes less, and nobody has to hear of it
_PROBE_SECONDS = 1.0
_CALM_SECONDS = {  # without a failure: as long as the outage was, but within these bounds
    DatabaseTrouble.AWAY: (2.0, 5.0),
    DatabaseTrouble.READ_ONLY: (2.0, 5.0),
    DatabaseTrouble.BUSY: (2.0, 15.0),  # some attempts succeed
    DatabaseTrouble.FULL: (15.0, 15.0),  # likewise, and seldom is what fails tried
}

log = structlog.get_logger()


@dataclass(frozen=True)
class Outage:
    """What has been wrong with the database, and since when.

    Attributes:
        said: the database's own words, without an address.
    """

    trouble: DatabaseTrouble
    since: datetime
    said: str


class DatabaseState:
    """What a process knows of its database. Safe to use from several threads."""

    def __init__(self) -> None:
        self._outage: Outage | None = None
        self._logged: set[DatabaseTrouble] = set()
        self._began = self._failed = self._wrote = 0.0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._watch: Callable[[], None] | None = None

    @property
    def outage(self) -> Outage | None:
        """What is wrong now, if anything is."""
        return self._outage

    def wrote_since(self, at: float) -> bool:
        """Tell whether a row was written since a time of `monotonic`, so that a try is worth it.

        On a full disk a small row may find room where others do not.
        """
        if self._outage is None:
            return True
        return self._wrote > at and self._outage.trouble is not DatabaseTrouble.FULL

    @property
    def is_watched(self) -> bool:
        """Whether somebody finds out when an outage is over: not so in a command at a terminal."""
        return self._watch is not None

    def watch(
        self,
        write: Callable[[], object],
        *,
        on_write: Callable[[], object],
        on_lasting: Callable[[Outage], object],
        on_end: Callable[[Outage], object],
        lasting_seconds: float | None = None,
    ) -> None:
        """From now on, find out when an outage is over.

        Args:
            write: writes a row; it may raise, and hang.
            on_write: called when that works for the first time, though some may still fail.
            on_lasting: called once in an outage that lasts.
            on_end: called at the end of each.
            lasting_seconds: how long is lasting; None: `LASTING_SECONDS`.
        """

        def run() -> None:
            until_lasting = LASTING_SECONDS if lasting_seconds is None else lasting_seconds
            is_told = False
            while not self._closed.wait(_PROBE_SECONDS):
                works = self._works(write)
                if works and self._wrote < self._failed:
                    self._wrote = monotonic()
                    _safely(on_write)
                outage = self._end() if works else None
                if outage is not None:
                    _safely(on_end, outage)
                    return
                lasted = monotonic() - self._began
                if not is_told and lasted >= until_lasting and self._outage:
                    is_told = True
                    _safely(on_lasting, self._outage)

        self._watch = run

    def close(self) -> None:
        """Watch no more."""
        self._closed.set()

    def explains(self, error: BaseException) -> bool:
        """Tell whether something failed because the database cannot be used, and note that."""
        trouble = trouble_of(error)
        if trouble is None:
            return False
        with self._lock:
            self._failed = monotonic()
            begins = self._outage is None
            if begins:
                self._began = self._failed
                self._logged = set()
            is_news = trouble not in self._logged
            self._logged.add(trouble)
            if is_news:
                since = self._outage.since if self._outage else datetime.now(UTC)
                self._outage = Outage(trouble, since, said_by(error))
        if is_news:
            log.warning("database unavailable", trouble=trouble.value, error=in_one_line(error))
        if begins and self._watch is not None:
            threading.Thread(target=self._watch, name="database-state", daemon=True).start()
        return True

    def _works(self, write: Callable[[], object]) -> bool:
        """Try to write; what fails for another reason tells nothing about an outage."""
        try:
            write()
        except Exception as error:
            return not self.explains(error)
        return True

    def _calm_seconds(self) -> float:
        lasted = self._failed - self._began
        bounds = [_CALM_SECONDS[trouble] for trouble in self._logged]
        return max(min(max(lasted, least), most) for least, most in bounds)

    def _end(self) -> Outage | None:
        """End the outage where nothing has failed for long enough, and return it."""
        with self._lock:
            if monotonic() - self._failed < self._calm_seconds():
                return None
            outage, self._outage = self._outage, None
        log.info("database back", seconds=round(monotonic() - self._began))
        return outage


def _safely(act: Callable[..., object], *values: object) -> None:
    """Call what may fail without ending the watch, which nobody else could end an outage for."""
    try:
        act(*values)
    except Exception:
        log.exception("outage not reported")
