"""Times as an operator types them: a moment, or so long ago."""

from datetime import UTC, datetime

from bot.domain.durations import parse_duration
from bot.domain.refusal import Refused
from bot.faults import Fault


def parse_since(text: str, now: datetime) -> datetime:
    """Return the time that *text* names: an ISO 8601 time (UTC without a zone) or `30d` ago.

    Raises:
        Fault: neither of the two.
    """
    try:
        return _time(text, now)
    except (ValueError, OverflowError):
        words = f"Can't read `{text}` as a time. Use 2026-11-25T14:00 or 30d."
        raise Fault(words) from None


def _time(text: str, now: datetime) -> datetime:
    try:
        return now - parse_duration(text)
    except Refused:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
