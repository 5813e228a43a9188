"""The query limit: how often one person may have something looked up at DigitalOcean."""

from collections.abc import Callable

from bot.domain.refusal import Refused
from bot.domain.refusals.lookups import LookedUpTooOften
from bot.rate_limit import RateLimit

_MOST = 10
_WITHIN_SECONDS = 60.0


class QueryLimit:
    """Counts each person's queries in the last minute. Thread-safe.

    Args:
        elapsed: seconds that only grow.
    """

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._limit = RateLimit(_MOST, _WITHIN_SECONDS, elapsed)

    def check(self, user_id: str) -> None:
        """Count one query.

        Raises:
            Refused: it is one too many, and is not counted.
        """
        if seconds := self._limit.seconds_to_wait(user_id):
            raise Refused(LookedUpTooOften(most=_MOST, seconds=seconds))
