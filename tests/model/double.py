"""The provider inside the process, for one worker, where others act in between.

Before and after each call the stage is asked what happens there. So a rival comes between a read
and a write, a call fails, or the worker dies, without a thread and without a wait.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Protocol

from sqlalchemy.exc import OperationalError

from bot.domain.rules import Rule
from bot.domain.sources import TrustedSource
from bot.providers.base import (
    ApiError,
    BudgetSpent,
    NotAuthorised,
    OutcomeUnknown,
    Purpose,
    RateLimited,
    Rejected,
    Unavailable,
)
from bot.store.locks import Held
from tests.model.faults import READ_FAULTS, UNKNOWN, WRITE_FAULTS, Fault
from tests.model.outside import BEGINNING
from tests.model.scope import ORDERS
from tests.model.truth import Entries
from tests.providers.memory import MemoryProvider


class Killed(BaseException):
    """The process dies here and now."""


class Point(StrEnum):
    """Where others may act while a worker is at work."""

    BEGUN = "the attempt has begun"
    READ = "it has read"
    NOTED = "it is about to write"
    WRITTEN = "it has written"
    LOOKING = "it is about to look who is connected"
    LOOKED = "it has seen who is connected"
    CUTTING = "it is about to end a session"
    CUT = "it has ended a session"


def _error(fault: Fault, cluster_id: str) -> ApiError:
    match fault:
        case Fault.FORBIDDEN:
            return NotAuthorised("DigitalOcean does not accept the token for this", cluster_id)
        case Fault.LIMITED:
            return RateLimited("too many calls", cluster_id, retry_after=7.0)
        case Fault.UNPROCESSABLE:
            return Rejected("invalid rules", cluster_id)
        case Fault.NO_BUDGET:
            return BudgetSpent("ending access comes first", retry_after=7.0)
        case Fault.LOST_DONE | Fault.LOST_UNDONE | Fault.LOST_LATE:
            return OutcomeUnknown("no answer in time", cluster_id)
    return Unavailable("DigitalOcean is unavailable", cluster_id)


class Around(Protocol):
    """What is around a worker: the list, and who acts when."""

    def happens(self, point: Point, faults: Sequence[Fault], hands: "Hands") -> Fault | None:
        """Let others act at a point; return how the call that comes next fails, if it does."""
        ...

    def entries(self, hands: "Hands", *, behind: bool) -> Entries:
        """Return the list as it is now, or as it was before the last PUT."""
        ...

    def judge(self, rules: Sequence[Rule], hands: "Hands") -> None:
        """Judge a PUT before it has an effect."""
        ...

    def put(self, rules: Sequence[Rule], hands: "Hands", fault: Fault | None) -> None:
        """Take a PUT that was sent and not definitely refused."""
        ...


class Hands:
    """What a worker has done in one attempt, as the oracle sees it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_ousted = False
        self.read: Entries = ()
        self.read_at = BEGINNING
        self.before: frozenset[str | None] = frozenset()
        self.puts: list[tuple[frozenset[TrustedSource | None], Fault | None]] = []
        self.has_just_written = False
        self.just_done: Sequence[Rule] = ()  # the rules of a PUT that was answered just now
        self.told_by_another = range(0)  # the audit's rows that another worker wrote meanwhile
        self.about_to_add: frozenset[TrustedSource | None] = frozenset()

    @property
    def told_by(self) -> frozenset[str | None] | None:
        """The uuids by whose absence a rule of ours is known; None where an answer was lost."""
        is_sure = bool(self.puts) and all(fault is None for _added, fault in self.puts)
        return self.before if is_sure else None


class Double(MemoryProvider):
    """The provider for one worker; `hands` is set anew for each attempt."""

    def __init__(self, around: Around) -> None:
        super().__init__(lambda: BEGINNING)
        self.add_cluster(ORDERS)
        self._around = around
        self.hands = Hands("the worker")

    def read_rules(self, cluster_id: str, *, purpose: Purpose = Purpose.PAGES) -> list[Rule]:  # noqa: ARG002
        hands = self.hands
        point = Point.WRITTEN if hands.has_just_written else Point.BEGUN
        hands.has_just_written = False
        fault = self._around.happens(point, READ_FAULTS, hands)
        if fault is not None and fault is not Fault.BEHIND:
            raise _error(fault, cluster_id)
        before = hands.read
        hands.read = self._around.entries(hands, behind=fault is Fault.BEHIND)
        if hands.read != before:  # otherwise the reconciler waits for its write to be seen
            hands.just_done = ()
        rules = [entry.rule for entry in hands.read]
        self._around.happens(Point.READ, (), hands)
        return rules

    def write_rules(
        self,
        cluster_id: str,
        rules: Sequence[Rule],
        *,
        purpose: Purpose = Purpose.PAGES,  # noqa: ARG002
        sendable: Callable[[], bool] = lambda: True,
    ) -> None:
        hands = self.hands
        hands.about_to_add = frozenset(rule.source for rule in rules if rule.uuid is None)
        fault = self._around.happens(Point.NOTED, WRITE_FAULTS, hands)
        hands.about_to_add = frozenset()
        hands.has_just_written = True
        if hands.is_ousted or not sendable():  # what was read is too old: it is not sent
            raise _error(Fault.NO_CONNECTION, cluster_id)
        self._around.judge(rules, hands)
        if fault is None or fault in UNKNOWN:
            self._around.put(rules, hands, fault)
        if fault is not None:
            raise _error(fault, cluster_id)


class Lock:
    """A cluster's lock; as PostgreSQL does, it is taken from a holder that stood still."""

    def __init__(self, double: Double) -> None:
        self._double = double

    @contextmanager
    def hold(self, cluster_id: str) -> Iterator[Held | None]:  # noqa: ARG002
        """Yield the lock."""
        yield self

    def renew(self) -> None:
        """Say that one is still at it.

        Raises:
            OperationalError: the lock is lost.
        """
        if self._double.hands.is_ousted:
            raise OperationalError("SELECT 1", {}, ConnectionError("the server hung up"))
