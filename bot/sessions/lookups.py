"""Lookups: who is connected, for a page that somebody waits for.

A database that is away or hangs holds up no page, and no other database's: each has a thread of its
own, and whoever has waited long enough goes on without it.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock, Thread

import structlog

from bot.domain.sessions import DatabaseSession
from bot.sessions.base import EVERYWHERE, OpenSessions, ServerAway, SessionsError

FRESH_SECONDS = 5.0
WAIT_SECONDS = 2.0

log = structlog.get_logger()

Seen = Sequence[DatabaseSession]


@dataclass(frozen=True)
class Lookup:
    """A look that is under way or over; `began_at` in elapsed seconds."""

    began_at: float
    outcome: Future[Seen] = field(default_factory=Future)


class SessionLookups:
    """Looks who is connected, once for all who ask within seconds. Thread-safe.

    Args:
        open_sessions: connects to a cluster's server.
        elapsed: seconds that only grow.
    """

    def __init__(self, open_sessions: OpenSessions, elapsed: Callable[[], float]) -> None:
        self._open = open_sessions
        self._elapsed = elapsed
        self._lock = Lock()
        self._lookups: dict[str, Lookup] = {}

    def begin(self, url_env: str) -> Lookup:
        """Begin to look, by the login in that variable, unless somebody did just now."""
        with self._lock:
            now, last = self._elapsed(), self._lookups.get(url_env)
            if last and (not last.outcome.done() or now - last.began_at < FRESH_SECONDS):
                return last
            lookup = self._lookups[url_env] = Lookup(now)
        name = f"sessions-{url_env}"
        Thread(target=self._look, args=(url_env, lookup), name=name, daemon=True).start()
        return lookup

    def wait(self, lookup: Lookup) -> Seen:
        """Return who was seen, at most `WAIT_SECONDS` after the look began.

        Raises:
            SessionsError: that is not known.
        """
        seconds = lookup.began_at + WAIT_SECONDS - self._elapsed()
        try:
            return lookup.outcome.result(max(seconds, 0.0))
        except TimeoutError:
            raise ServerAway("the server has not answered yet") from None

    def _look(self, url_env: str, lookup: Lookup) -> None:
        try:
            with self._open(url_env) as sessions:
                seen = sessions.of(EVERYWHERE)
            lookup.outcome.set_result(seen)
        except SessionsError as error:
            log.warning("sessions not seen", login=url_env, error=str(error))
            lookup.outcome.set_exception(error)
        except Exception as error:  # a fault of ours, which is no reason to show no page
            log.exception("session lookup failed", login=url_env)
            lookup.outcome.set_exception(SessionsError(type(error).__name__))
