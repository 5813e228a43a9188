"""Why access does not open yet, in words."""

from typing import assert_never

from bot.domain.refusals.delays import (
    ClusterBusy,
    ClusterUnknown,
    DelayRefusal,
    FaultOfOurs,
    ListNotTaken,
    NoCallsLeft,
    NoUsableAnswer,
    TokenNotTaken,
)


def of_delay(refusal: DelayRefusal) -> str:
    """Return why access does not open yet."""
    match refusal:
        case ClusterBusy(said=said):
            return said
        case ListNotTaken():
            return "DigitalOcean rejects every change to this firewall."
        case NoCallsLeft():
            return "DigitalOcean's rate limit is reached."
        case TokenNotTaken():
            return "DigitalOcean rejects the token of dbaccess. The operators have to replace it."
        case ClusterUnknown():
            return "DigitalOcean has no such cluster. The operators have to check its ID."
        case NoUsableAnswer(status=status):
            return f"{no_usable_answer(status)}."
        case FaultOfOurs():
            return "dbaccess itself failed. The operators find the cause in its log."
    assert_never(refusal)


def no_usable_answer(status: int | None) -> str:
    """Return that DigitalOcean is of no use at the moment."""
    if status is None:
        return "DigitalOcean didn't answer"
    return f"DigitalOcean returned an error ({status})"
