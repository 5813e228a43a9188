"""Pace: about one message a second for a channel, as Slack wants it, with a burst allowed.

After an hour without Slack, what is pending goes out steadily, and not as a flood that Slack
answers with 429 for each message.
"""

import threading

from bot.clock import Clock
from bot.slack.limits import SECONDS_BETWEEN_MESSAGES

BURST = 15
_GIVEN_BACK_SECONDS = 600.0


class Pace:
    """Tells each message how long to wait. Thread-safe; waits are in real seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._quiet_at: dict[str, float] = {}  # when a channel has had its last message
        self._places: dict[int, float] = {}
        self._looked_at = clock.elapsed()
        self._lock = threading.Lock()

    def wait_seconds(self, message_id: int, channel: str) -> float:
        """Return how long a message has to wait for its channel; it keeps its place meanwhile."""
        with self._lock:
            now = self._look()
            place = self._places.get(message_id)
            if place is None:
                quiet_at = max(self._quiet_at.get(channel, now), now)
                place = quiet_at - (BURST - 1) * SECONDS_BETWEEN_MESSAGES
                self._quiet_at[channel] = quiet_at + SECONDS_BETWEEN_MESSAGES
                self._places[message_id] = place
            if place <= now:
                del self._places[message_id]
                return 0.0
            return place - now

    def hold(self, channel: str, seconds: float) -> None:
        """Send nothing to a channel for that long, since Slack asks for it."""
        with self._lock:
            now = self._look()
            until = now + seconds + (BURST - 1) * SECONDS_BETWEEN_MESSAGES
            self._quiet_at[channel] = max(self._quiet_at.get(channel, until), until)

    def _look(self) -> float:
        """Return the time; where it went backwards, what was noted before means nothing."""
        now = self._clock.elapsed()
        if now < self._looked_at:
            self._quiet_at.clear()
            self._places.clear()
        self._looked_at = now
        for message_id, place in list(self._places.items()):
            if place < now - _GIVEN_BACK_SECONDS:  # it never came: superseded, or dropped
                del self._places[message_id]
        return now
