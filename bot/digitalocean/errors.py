"""What can come of a call: the typed errors, and the values that are not rules."""

import math
from dataclasses import dataclass
from enum import StrEnum

from bot.faults import Fault


class ApiError(Fault):
    """A call that failed; its text never holds the token."""

    def __init__(self, message: str, cluster_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.cluster_id = cluster_id


class ClusterNotFound(ApiError):
    """There is no such cluster, which is not the same as one without rules."""


class NotAuthorised(ApiError):
    """The token is wrong, or its scopes do not allow this; nothing was changed."""


class ScopeMissing(NotAuthorised):
    """The token is known, but its scopes do not allow this; nothing was changed."""


class Rejected(ApiError):
    """The content was refused and nothing was changed; `message` is in the API's own words."""


class Busy(ApiError):
    """The cluster takes no changes at the moment, and nothing was changed."""


class RateLimited(ApiError):
    """Too many calls for this token, nothing was changed; try again in `retry_after` seconds."""

    def __init__(self, retry_after: float, cluster_id: str | None = None) -> None:
        said = f"DigitalOcean's rate limit is reached, try again in {math.ceil(retry_after)} s"
        super().__init__(said, cluster_id)
        self.retry_after = retry_after


class BudgetSpent(RateLimited):
    """The call was not made: the calls that remain are kept for what must not wait (P3)."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(retry_after)
        self.message = (
            "Ending access comes first, and DigitalOcean allows only so many calls. "
            f"Try again in {math.ceil(retry_after)} s"
        )
        self.args = (self.message,)


class Unavailable(ApiError):
    """There was no usable answer, and nothing was changed."""


class OutcomeUnknown(ApiError):
    """A write without a usable answer: it may have taken effect or not. Read the rules back."""


@dataclass(frozen=True)
class Cluster:
    """A managed database cluster; `engine` is `pg`, `mysql` or so, `status` `online` or so."""

    id: str
    name: str
    engine: str
    status: str


@dataclass(frozen=True)
class Named:
    """A thing that can be a trusted source: a rule's `value` for it, and the name people know."""

    id: str
    name: str


class Purpose(StrEnum):
    """What a call is for, the most urgent first; `bot.digitalocean.budget` says who gets how much.

    ENDS: access that has to end, and whatever else of ours has to be removed. STARTS: everything
    else that is written. CHECKS: looking whether a cluster is as it should be. PAGES: what people
    look at: trusted sources, connection details, the names in a form.
    """

    ENDS = "ends"
    STARTS = "starts"
    CHECKS = "checks"
    PAGES = "pages"


@dataclass(frozen=True)
class Call:
    """One HTTP exchange, for metrics; `status` is None where no whole answer came.

    The limit is the token's: how many calls it has in all, how many are left, and when it resets
    (seconds since 1970). `retry_after` (seconds) comes with a 429.
    """

    operation: str
    cluster_id: str | None
    status: int | None
    seconds: float
    limit: int | None = None
    limit_remaining: int | None = None
    limit_resets_at: float | None = None
    retry_after: float | None = None
