"""Who has read how far in which conversation."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from dbaccess_playground.slack.conversations import Message


class Reading:
    """The last timestamp each person has seen of each channel."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[tuple[str, str], float] = {}

    def read(self, user_id: str, channel_id: str, ts: str) -> bool:
        """That person has read up to there; returns whether that is news."""
        seen = float(ts)
        with self._lock:
            before = self._read.get((user_id, channel_id), 0.0)
            self._read[user_id, channel_id] = max(seen, before)
        return seen > before

    def unread(self, user_id: str, messages: Iterable[Message]) -> int:
        """How many of a channel's messages that person has yet to see; one's own do not count."""
        with self._lock:
            return sum(
                float(one.ts) > self._read.get((user_id, one.channel), 0.0)
                for one in messages
                if one.user != user_id and not one.is_reply
            )
