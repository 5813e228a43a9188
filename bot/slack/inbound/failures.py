"""Failures: what a person is told where an answer cannot be given."""

from collections.abc import Callable

import structlog

from bot.domain.refusal import Refused
from bot.faults import DatabaseTrouble
from bot.log_context import current_reference
from bot.slack import messages
from bot.slack.messages import Message
from bot.slack.users.unavailable import DirectoryUnavailable
from bot.store.failures import DATABASE_UNAVAILABLE, in_one_line, trouble_of

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
        return messages.database_away(_trouble(error))
    except Exception:  # the person hears of it, and the log has it whole
        reference = current_reference()
        log.exception(event, reference=reference)
        return messages.apology(reference)


def send_again(error: Exception) -> str:
    """Return what stands in a form that stays open, since the database cannot be used."""
    return messages.send_again(_trouble(error))


def _trouble(error: Exception) -> DatabaseTrouble:
    trouble = trouble_of(error)
    if trouble is None:  # one statement failed, and nobody else will say so
        log.error("statement failed", error=in_one_line(error))
    return trouble or DatabaseTrouble.AWAY
