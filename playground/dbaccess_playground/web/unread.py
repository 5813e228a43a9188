"""How far each person has read each channel."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from dbaccess_playground.slack.conversations import Message


class ReadMarks:
    """The last timestamp that each person has read in each channel."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[tuple[str, str], float] = {}

    def read(self, user_id: str, channel_id: str, ts: str) -> bool:
        """Mark a channel as read up to `ts`; return whether that changes anything."""
        seen = float(ts)
        with self._lock:
            before = self._read.get((user_id, channel_id), 0.0)
            self._read[user_id, channel_id] = max(seen, before)
        return seen > before

    def unread(self, user_id: str, messages: Iterable[Message]) -> int:
        """Return how many messages that person has not read; their own do not count."""
        with self._lock:
            return sum(
                float(one.ts) > self._read.get((user_id, one.channel), 0.0)
                for one in messages
                if one.user != user_id and not one.is_reply
            )
