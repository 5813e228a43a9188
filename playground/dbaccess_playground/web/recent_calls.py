"""The recent calls between Slack, DigitalOcean and the bot, in one list."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.slack.dispatch import Answer
from dbaccess_playground.slack.sandbox import SandboxSlack

MOST_CALLS = 80

Json = dict[str, Any]


class Deliveries:
    """What Slack sent to the bot, and the bot's answers."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._made: deque[Json] = deque(maxlen=MOST_CALLS)

    def record(self, what: str, act: Callable[[], Answer]) -> Answer:
        """Do what sends something to the bot, and record the result."""
        at = self._now().timestamp()
        answer = act()
        with self._lock:
            self._made.append(_entry("bot", what, answer.status, answer.seconds, at, answer.error))
        return answer

    def so_far(self) -> list[Json]:
        """Return the last of them, oldest first."""
        with self._lock:
            return list(self._made)


def last_calls(
    slack: SandboxSlack, digitalocean: SandboxDigitalOcean, deliveries: Deliveries
) -> list[Json]:
    """Return the last calls of both APIs and to the bot, newest first."""
    to_slack = [
        _entry("slack", call.method, call.status, call.seconds, call.at, call.error)
        for call in slack.calls[-MOST_CALLS:]
    ]
    to_digitalocean = [
        _entry("digitalocean", f"{call.method} {call.path}", call.status, call.seconds, at, None)
        for call in digitalocean.calls[-MOST_CALLS:]
        for at in [call.at.timestamp()]
    ]
    everything = [*to_slack, *to_digitalocean, *deliveries.so_far()]
    everything.sort(key=lambda call: call["at"], reverse=True)
    return everything[:MOST_CALLS]


def _entry(to: str, what: str, status: int, seconds: float, at: float, error: str | None) -> Json:
    return {
        "to": to,
        "what": what,
        "status": status,
        "ms": round(seconds * 1000),
        "at": at,
        "ok": error is None and 200 <= status < 300,
        "error": error or ("no_answer" if status == 0 else None),
    }
