"""Offboarding: has the access of people end whose accounts were deactivated.

Slack says so once, by an event, which is lost where the bot is away for too long. So those who
hold or wait for something are looked up now and then.
"""

import threading
from collections import deque
from datetime import timedelta

import structlog

from bot.access import AccessService
from bot.clock import Clock
from bot.domain.actors import Actor
from bot.slack.users.directory import UNKNOWN_USER, Directory
from bot.slack.users.unavailable import DirectoryUnavailable
from bot.store import grants, requests
from bot.store.database import DATABASE_UNAVAILABLE, Database

_SPACING_SECONDS = 1.0  # Slack allows some hundred such questions a minute, for all that is asked
_PAUSE_SECONDS = 60.0

log = structlog.get_logger()


class Offboarding:
    """Looks people up one by one, in rounds. Safe to call from several threads."""

    def __init__(
        self, database: Database, access: AccessService, directory: Directory, clock: Clock
    ) -> None:
        self._database = database
        self._access = access
        self._directory = directory
        self._clock = clock
        self._not_before = clock.now()
        self._to_ask: deque[str] = deque()
        self._lock = threading.Lock()

    def begin_round(self) -> None:
        """Have everybody looked up who holds or waits for something, or approved what does."""
        concerned = self._concerned()
        with self._lock:
            if not self._to_ask:  # else the round before is still going on
                self._to_ask.extend(concerned)

    def claim(self, *, most: int) -> list[str]:
        """Return whom to look up now: one person at a time, with a pause after each."""
        with self._lock:
            wait = self._not_before - self._clock.now()
            pause = self._clock.in_seconds(_PAUSE_SECONDS) - self._clock.now()
            must_wait = timedelta(0) < wait <= pause  # longer: the clock was set back meanwhile
            if not most or not self._to_ask or must_wait:
                return []
            self._not_before = self._clock.in_seconds(_SPACING_SECONDS)
            return [self._to_ask.popleft()]

    def handle(self, user_id: str) -> None:
        """Have all that somebody has end, if Slack says clearly that they have left."""
        try:
            has_left = self._directory.has_left(user_id)
            if has_left:
                self._access.depart(user_id)
        except DirectoryUnavailable as error:
            log.warning("user status unavailable", user=user_id, error=str(error))
            if error.code not in UNKNOWN_USER:  # about those, the next round is early enough
                self._ask_again(user_id)
        except DATABASE_UNAVAILABLE:
            self._ask_again(user_id)
            raise

    def _concerned(self) -> list[str]:
        with self._database.reading() as session:
            pending = requests.pending(session)
            for grant in grants.applying(session):
                pending += requests.behind(session, grant.id)
            waiting = {request.requester for request in pending}
            approved = {person for request in pending for person in request.approvers}
            named = waiting | approved - {Actor.POLICY, Actor.EMERGENCY}
            return sorted(grants.holders(session) | named)

    def _ask_again(self, user_id: str) -> None:
        """Leave Slack or the database alone for a while, and then go on, this one last."""
        with self._lock:
            self._to_ask.append(user_id)
            self._not_before = self._clock.in_seconds(_PAUSE_SECONDS)
