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
            return "DigitalOcean refuses every change of the list."
        case NoCallsLeft():
            return "DigitalOcean takes no more calls at the moment."
        case TokenNotTaken():
            return "DigitalOcean refuses the token of dbaccess. The operators can replace it."
        case ClusterUnknown():
            return "DigitalOcean knows no such cluster. The operators can check its ID."
        case NoUsableAnswer():
            return "DigitalOcean did not answer, or with an error."
        case FaultOfOurs():
            return "Something is wrong with dbaccess itself. The operators find it in the log."
    assert_never(refusal)
