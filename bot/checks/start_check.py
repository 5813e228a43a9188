"""The start check: what `dbaccess check` would say of a process that has just started, logged.

The process works meanwhile, and goes on whatever is found.
"""

import threading
import time
from collections import Counter
from functools import partial

import structlog

from bot.checks.findings import Finding, Level
from bot.checks.preflight import check_running
from bot.config import Settings
from bot.domain.policy import Policy
from bot.providers.base import Provider

_AFTER_SECONDS = 3.0  # what was due while nothing ran goes first
_WITHIN_SECONDS = 60.0

log = structlog.get_logger()


class StartCheck:
    """Checks once, in a thread of its own, and logs each fault.

    Args:
        settings: those of the process.
        policy: the one that it started with.
        provider: the one that it works with, so that the budget of its calls counts.
        after_seconds: how long to wait first.
        within_seconds: after how long to end, at the next finding.
    """

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        provider: Provider,
        *,
        after_seconds: float = _AFTER_SECONDS,
        within_seconds: float = _WITHIN_SECONDS,
    ) -> None:
        self._check = partial(check_running, settings, policy, provider)
        self._after_seconds = after_seconds
        self._within_seconds = within_seconds
        self._is_stopped = threading.Event()

    def start(self) -> None:
        """Check in the background."""
        threading.Thread(target=self._run, name="start-check", daemon=True).start()

    def stop(self) -> None:
        """Log nothing more."""
        self._is_stopped.set()

    def _run(self) -> None:
        if self._is_stopped.wait(self._after_seconds):
            return
        found: Counter[Level] = Counter()
        until = time.monotonic() + self._within_seconds
        is_complete = True
        try:
            for finding in self._check():
                if self._is_stopped.is_set():
                    return
                _log(finding)
                found[finding.level] += 1
                if time.monotonic() > until:
                    is_complete = False
                    break
        except Exception:
            log.exception("start check failed")
            return
        log.info(
            "start checked",
            faults=found[Level.FAULT],
            hints=found[Level.HINT],
            complete=is_complete,
        )


def _log(finding: Finding) -> None:
    if finding.level is Level.FAULT:
        log.warning("start check found a fault", what=finding.what, problem=finding.words)
