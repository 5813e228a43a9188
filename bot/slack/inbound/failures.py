"""Failures: what a person is told where an answer cannot be given."""

from collections.abc import Callable

import structlog

from bot.domain.refusal import Refused
from bot.log_context import current_reference
from bot.slack import messages
from bot.slack.messages import Message
from bot.slack.users.unavailable import DirectoryUnavailable
from bot.store.database import DATABASE_UNAVAILABLE, in_one_line

log = structlog.get_logger()


def answer_or_failure(event: str, act: Callable[[], Message | None]) -> Message | None:
    """Return the answer of *act*, or what the person is told where there is none.

    *event* names a fault of ours in the log.
    """
    try:
        return act()
    except Refused as refused:
        return messages.refusal(refused.refusal)
    except DirectoryUnavailable as error:
        return messages.refusal(error.refusal())
    except DATABASE_UNAVAILABLE as error:
        return away(error)
    except Exception:  # the person hears of it, and the log has it whole
        reference = current_reference()
        log.exception(event, reference=reference)
        return messages.apology(reference)


def away(error: Exception) -> Message:
    """Log that the database is unavailable, and return what the person is told."""
    log.warning("database away", error=in_one_line(error))
    return messages.database_away()
