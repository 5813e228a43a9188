"""Reasons: why somebody asks, kept as one line; given wherever the policy requires one."""

from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Field, Refused, about, one_line

_CHARACTERS = 500


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
    if len(reason) > _CHARACTERS:
        raise Refused(
            f"The reason is too long: {len(reason):,} characters. Say it in {_CHARACTERS} or fewer."
        )
    return reason
