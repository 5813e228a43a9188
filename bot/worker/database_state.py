"""Whether the database answers, logged when that changes and not at each attempt."""

import threading

import structlog

from bot.store.database import in_one_line, is_away

log = structlog.get_logger()


class DatabaseState:
    """What a worker knows of its database. Safe to use from several threads."""

    def __init__(self) -> None:
        self._is_away = False
        self._has_failed = False
        self._lock = threading.Lock()

    def explains(self, error: BaseException) -> bool:
        """Tell whether something failed because the database is away, and log that once."""
        if not is_away(error):
            return False
        with self._lock:
            is_news, self._is_away, self._has_failed = not self._is_away, True, True
        if is_news:
            log.warning("database away", error=in_one_line(error))
        return True

    def note_tick(self) -> None:
        """Note that a tick succeeded. After one in which nothing failed, the database is back."""
        with self._lock:
            is_news = self._is_away and not self._has_failed
            self._is_away, self._has_failed = self._is_away and not is_news, False
        if is_news:
            log.info("database back")
