"""How often Slack is asked about people: no more than it allows, and not while it asks to wait."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bot.slack.users.unavailable import NO_USER_GROUPS, DirectoryUnavailable

GROUPS = "usergroups.list"
_BURST = 10
_SECONDS_BETWEEN_CALLS = 6.0
_WITHOUT_GROUPS_SECONDS = 60.0  # a plan may be upgraded

log = structlog.get_logger()


@dataclass(frozen=True)
class _Pause:
    """A method is not called until then (in seconds that only grow), because of an error code."""

    until: float
    code: str


class CallLimits:
    """Decides whether a method may be called now. Thread-safe.

    Slack allows twenty calls of `usergroups.list` a minute: ten at once, and one every six seconds
    after that, stay below in any minute.

    Args:
        clock_seconds: seconds that only grow.
    """

    def __init__(self, clock_seconds: Callable[[], float]) -> None:
        self._clock_seconds = clock_seconds
        self._lock = threading.Lock()
        self._pauses: dict[str, _Pause] = {}
        self._quiet_at = 0.0  # when as many calls are allowed at once as ever

    def check(self, method: str) -> None:
        """Count a call that is about to be made.

        Raises:
            DirectoryUnavailable: it must not be made yet.
        """
        with self._lock:
            now = self._clock_seconds()
            pause = self._pauses.get(method)
            if pause is not None and now < pause.until:
                raise _unavailable(method, pause.code, pause.until - now)
            if method != GROUPS:
                return
            quiet_at = max(self._quiet_at, now)
            wait_seconds = quiet_at - now - (_BURST - 1) * _SECONDS_BETWEEN_CALLS
            if wait_seconds > 0:
                raise DirectoryUnavailable(f"{method}: in its turn", retry_after=wait_seconds)
            self._quiet_at = quiet_at + _SECONDS_BETWEEN_CALLS

    def refused(self, method: str, code: str, retry_after: float | None) -> DirectoryUnavailable:
        """Note that Slack refused a call, and return what to raise."""
        seconds = _WITHOUT_GROUPS_SECONDS if code == NO_USER_GROUPS else retry_after
        if seconds:
            self._pause(method, code, seconds)
        return _unavailable(method, code, retry_after)

    def answered(self, method: str) -> None:
        """Note that a call was answered; one that was made before a pause does not end it."""
        with self._lock:
            pause = self._pauses.get(method)
            if pause is not None and pause.until <= self._clock_seconds():
                del self._pauses[method]

    def _pause(self, method: str, code: str, seconds: float) -> None:
        with self._lock:
            until, before = self._clock_seconds() + seconds, self._pauses.get(method)
            self._pauses[method] = _Pause(max(until, before.until if before else until), code)
        if before is not None and before.code == code:
            return  # it was logged when it began
        if code == NO_USER_GROUPS:
            log.error("workspace has no user groups")
        else:
            log.warning("slack asks to wait", method=method, seconds=seconds)


def _unavailable(method: str, code: str, seconds: float | None) -> DirectoryUnavailable:
    retry_after = None if code == NO_USER_GROUPS else seconds
    return DirectoryUnavailable(f"{method}: {code}", code, retry_after)
