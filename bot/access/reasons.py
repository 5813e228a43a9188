"""Reasons: why somebody asks, kept as one line; given wherever the policy requires one."""

from bot.domain.limits import REASON_CHARACTERS
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Field, Refused, about
from bot.domain.refusals.clusters import ReasonTooLong
from bot.domain.typed_text import one_line


def given_reason(cluster: ClusterPolicy, typed: str) -> str:
    """Return a reason as it is kept, which may be empty where the policy requires none.

    Raises:
        Refused: it is missing, or too long.
    """
    with about(Field.REASON):
        reason = clean_reason(typed)
        cluster.check_reason(reason)
    return reason


def clean_reason(typed: str) -> str:
    """Return a reason as it is kept: one line, without control characters.

    Raises:
        Refused: it is too long.
    """
    reason = one_line(typed)
    if len(reason) > REASON_CHARACTERS:
        raise Refused(ReasonTooLong(characters=len(reason), most=REASON_CHARACTERS))
    return reason
