"""Delays: why access that was approved does not open yet. It is tried again until it does."""

from typing import Literal

from bot.domain.refusals.base import Refusal


class ClusterBusy(Refusal):
    """The cluster takes no changes at the moment; `said` is what the API says of that."""

    code: Literal["cluster_busy"] = "cluster_busy"
    said: str


class ListNotTaken(Refusal):
    """DigitalOcean takes no change of the cluster's rules."""

    code: Literal["list_not_taken"] = "list_not_taken"


class NoCallsLeft(Refusal):
    """No call of DigitalOcean's API is left for the moment."""

    code: Literal["no_calls_left"] = "no_calls_left"


class TokenNotTaken(Refusal):
    """DigitalOcean does not accept the token, or it may not do this."""

    code: Literal["token_not_taken"] = "token_not_taken"  # not a token


class ClusterUnknown(Refusal):
    """DigitalOcean knows no such cluster."""

    code: Literal["cluster_unknown"] = "cluster_unknown"


class NoUsableAnswer(Refusal):
    """DigitalOcean did not answer, or with an error: its HTTP *status*."""

    code: Literal["no_usable_answer"] = "no_usable_answer"
    status: int | None = None


class FaultOfOurs(Refusal):
    """Something is wrong with dbaccess itself."""

    code: Literal["fault_of_ours"] = "fault_of_ours"


DelayRefusal = (
    ClusterBusy
    | ListNotTaken
    | NoCallsLeft
    | TokenNotTaken
    | ClusterUnknown
    | NoUsableAnswer
    | FaultOfOurs
)
