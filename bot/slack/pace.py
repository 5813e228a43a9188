"""Pace: about one message a second for a channel, as Slack wants it, with a burst allowed.

After an hour without Slack, what is owed goes out steadily, and not as a flood that Slack answers
with 429 for each message.
"""

import threading
from datetime import datetime, timedelta

from bot.clock import Clock

BURST = 15
SECONDS_APART = 1.0


class Pace:
    """Tells each message how long to wait. Thread-safe; waits are in real seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._quiet_at: dict[str, datetime] = {}  # when a channel has had its last message
        self._places: dict[int, datetime] = {}
        self._looked_at = clock.now()
        self._lock = threading.Lock()

    def wait_seconds(self, message_id: int, channel: str) -> float:
        """Return how long a message has to wait for its channel; it keeps its place meanwhile."""
        with self._lock:
            now = self._look()
            place = self._places.get(message_id)
            if place is None:
                quiet_at = max(self._quiet_at.get(channel, now), now)
                place = quiet_at - self._lasting((BURST - 1) * SECONDS_APART)
                self._quiet_at[channel] = quiet_at + self._lasting(SECONDS_APART)
                self._places[message_id] = place
            if place <= now:
                del self._places[message_id]
                return 0.0
            return self._clock.seconds_until(place)

    def hold(self, channel: str, seconds: float) -> None:
        """Let nothing new go to a channel for that long, since Slack says so."""
        with self._lock:
            now = self._look()
            until = now + self._lasting(seconds + (BURST - 1) * SECONDS_APART)
            self._quiet_at[channel] = max(self._quiet_at.get(channel, until), until)

    def _look(self) -> datetime:
        """Return the time; where the clock was set back, what was noted before means nothing."""
        now = self._clock.now()
        if now < self._looked_at:
            self._quiet_at.clear()
            self._places.clear()
        self._looked_at = now
        return now

    def _lasting(self, seconds: float) -> timedelta:
        """Return what so many real seconds are by the bot's clock."""
        return self._clock.in_seconds(seconds) - self._clock.now()
