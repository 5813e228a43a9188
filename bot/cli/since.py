"""Times as an operator types them: a moment, or so long ago."""

from datetime import UTC, datetime

from bot.domain.durations import parse_duration
from bot.domain.refusal import Refused


def parse_since(text: str, now: datetime) -> datetime:
    """Return the time that *text* names: an ISO 8601 time (UTC without a zone) or `30d` ago.

    Raises:
        ValueError: neither of the two.
    """
    try:
        return now - parse_duration(text)
    except Refused:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
