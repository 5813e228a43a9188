"""The provider's port: what dbaccess needs of a cloud that runs databases, and nothing more.

The composition (`bot.core`) creates one `Provider` and passes it on; everything above sees the
cloud through this module. Another cloud is another folder beside `digitalocean`, with a class that
keeps what `Provider` says, method by method; `tests/providers/memory.py` is the smallest one.

Safe to call from any number of threads. No method holds a database transaction open, none waits
without a deadline, and no error, log line or `repr` shows a credential (P8). Every method fails
with an `ApiError` and nothing else, unless its docstring says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol

from bot.domain.connecting import Connection
from bot.domain.rules import Rule
from bot.domain.sources import SourceType
from bot.faults import Fault


class ApiError(Fault):
    """A call that failed. Unless it is `OutcomeUnknown`, nothing was changed.

    `message` is a sentence without its full stop, fit for a person to read; `kind` is what metrics
    call it; `status` is the HTTP status of an answer that was of no use, if there was an answer.
    `advice` says what an operator could look at, where that is known.
    """

    kind: ClassVar[str] = "fault"

    def __init__(
        self,
        message: str,
        cluster_id: str | None = None,
        *,
        status: int | None = None,
        advice: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.cluster_id = cluster_id
        self.status = status
        self.advice = advice


class ClusterNotFound(ApiError):
    """There is no such cluster, which is not the same as one without rules."""

    kind = "not_found"


class NotAuthorised(ApiError):
    """The credentials are wrong, or do not allow this."""

    kind = "not_authorised"


class ScopeMissing(NotAuthorised):
    """The credentials are known, but do not allow this."""


class Rejected(ApiError):
    """The content was refused; `message` is in the API's own words."""

    kind = "rejected"


class Busy(ApiError):
    """The cluster takes no changes at the moment."""

    kind = "busy_cluster"


class RateLimited(ApiError):
    """Too many calls for these credentials; try again in `retry_after` seconds."""

    kind = "rate_limited"

    def __init__(self, message: str, cluster_id: str | None = None, *, retry_after: float) -> None:
        super().__init__(message, cluster_id)
        self.retry_after = retry_after


class BudgetSpent(RateLimited):
    """The call was not made: the calls that remain are kept for what must not wait (P3)."""

    kind = "budget_spent"


class Unavailable(ApiError):
    """There was no usable answer."""

    kind = "unavailable"


class OutcomeUnknown(ApiError):
    """A write without a usable answer: it may have taken effect or not. Read the rules back."""

    kind = "outcome_unknown"


class Purpose(StrEnum):
    """What a call is for, the most urgent first; `call_budget` gives each its share.

    ENDS: access that has to end, and whatever else of ours has to be removed. STARTS: all other
    writes. CHECKS: whether a cluster is as it should be. PAGES: what people look up: trusted
    sources, connection details, the names in a form.
    """

    ENDS = "ends"
    STARTS = "starts"
    CHECKS = "checks"
    PAGES = "pages"


@dataclass(frozen=True)
class ClusterStatus:
    """A cluster's status: the provider's word for it, and whether it accepts changes."""

    word: str
    is_online: bool


@dataclass(frozen=True)
class ListedCluster:
    """A cluster of the account, as a list shows it; `engine` as `Connection` has it, like `pg`."""

    id: str
    name: str
    engine: str
    region: str


@dataclass(frozen=True)
class NamedSource:
    """What can be a trusted source: its `id` is a rule's `value`, `name` is what people call it.

    A machine has `addresses`, and `tags` that may be trusted sources, too. They are no part of what
    it is. Without the right to read tags, it has none.
    """

    id: str
    name: str
    addresses: tuple[str, ...] = field(default=(), compare=False)
    tags: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class ApiCall:
    """One HTTP exchange, for metrics and the budget; `status` is None without a complete answer.

    The limit is that of the credentials: how many calls they have in all, how many are left, and
    when it resets (seconds since 1970). `retry_after` (seconds) comes with a 429.
    """

    operation: str
    cluster_id: str | None
    status: int | None
    seconds: float
    limit: int | None = None
    limit_remaining: int | None = None
    limit_resets_at: float | None = None
    retry_after: float | None = None


class Provider(Protocol):
    """A cloud's API. A cluster is named by its id in `dbaccess.toml`.

    *purpose* says how urgent a call is, so that a provider with a limit on calls can reserve some
    for the end of access; it raises `BudgetSpent` instead of making others.
    """

    @property
    def date(self) -> str | None:
        """What the API's clock said last, as an HTTP `Date` header; None before the first call."""
        ...

    @property
    def untested(self) -> str:
        """What `dbaccess check` cannot find out about the credentials by reading, in a sentence."""
        ...

    def remedy(self, error: ApiError, kind: SourceType | None = None) -> str:
        """Return what an operator has to fix after reading failed, for `dbaccess check`.

        Args:
            error: raised by `read_rules` or `list_sources`.
            kind: what was to be listed; None: a cluster's rules.
        """
        ...

    def read_rules(self, cluster_id: str, *, purpose: Purpose = Purpose.PAGES) -> list[Rule]:
        """Return all rules of a cluster, in their order, each with its `uuid` and `as_read`.

        An empty list means that the cluster is open to everybody. So it is returned only if the API
        says so: an answer that is cut off or malformed is `Unavailable`. A read may be stale for
        some seconds after a write.
        """
        ...

    def write_rules(
        self,
        cluster_id: str,
        rules: Sequence[Rule],
        *,
        purpose: Purpose = Purpose.PAGES,
        sendable: Callable[[], bool] = lambda: True,
    ) -> None:
        """Replace all rules of a cluster in one attempt: the whole list or nothing is applied.

        A rule that was read is sent back as it was read, unknown fields included (P1); one without
        a `uuid` is new. Writing the same list twice has the effect of writing it once. A write is
        not retried: the caller reads back and plans again.

        *sendable* is called when the rules are about to be sent. If it returns False, they are not
        sent, nor later; that is `Unavailable`.

        Raises:
            OutcomeUnknown: they may have been replaced, or may still be.
            ApiError: nothing was changed and nothing will be.
            ValueError: the list is empty, which would open the cluster to everybody (P2).
        """
        ...

    def cluster_status(self, cluster_id: str, *, purpose: Purpose = Purpose.PAGES) -> ClusterStatus:
        """Return a cluster's status. Only while it is online is a refusal about the rules."""
        ...

    def connection(self, cluster_id: str) -> Connection:
        """Return how to reach a cluster, without a password; `Unavailable` if it has no address."""
        ...

    def certificate(self, cluster_id: str) -> str:
        """Return the CA certificate of a cluster as PEM text, with a line break at its end."""
        ...

    def list_clusters(self) -> list[ListedCluster]:
        """Return every cluster that the credentials can see, in the provider's order."""
        ...

    def list_sources(
        self, kind: SourceType, *, purpose: Purpose = Purpose.PAGES
    ) -> list[NamedSource]:
        """Return everything of a kind that can be a trusted source, each once; at least 10,000.

        When rules are refused, what is not listed counts as destroyed: so an incomplete list is an
        `ApiError`.

        Raises:
            ValueError: the kind is `ip_addr`: addresses are not listed.
        """
        ...

    def close(self) -> None:
        """Give back connections, once no call is under way."""
        ...
