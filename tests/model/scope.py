"""A scope: what may happen in the stories of one search, and how often."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.domain.plan import Plan, plan
from tests.model.faults import USUAL, Fault
from tests.model.truth import Nature

ORDERS = "orders"  # the cluster
HERS = "203.0.113.1"  # lent in most stories
HIS = "203.0.113.2"
OFFICE = "198.51.100.7"
PARTNER = "198.51.100.9"


class Left(NamedTuple):
    """How much more of each sort may happen in a story."""

    people: int = 0
    rivals: int = 0
    faults: int = 0
    times: int = 0
    losses: int = 0
    freezes: int = 0


@dataclass(frozen=True)
class Planted:
    """Faults of ours that a test of the model plants in the pure one.

    `notes_at_begin` and `keeps_notes`: a rule may be ours before a write was sent, and after it was
    refused. `takes_back_late`: a worker that has lost its lock takes back what another has noted.
    `guesses_freely`: a bare rule is taken for ours without evidence. `plan`: another than the real.
    """

    notes_at_begin: bool = False
    takes_back_late: bool = False
    keeps_notes: bool = False
    guesses_freely: bool = False
    plan: Callable[..., Plan] = plan


@dataclass(frozen=True)
class Scope:
    """What is searched to its end: every order of what `may` happen, as often as `left` says.

    Args:
        name: for the report.
        left: how often each sort of thing may happen.
        may: what people, rivals and disasters may do.
        lists: the lists that a story may begin with, each as (value, description) pairs.
        granted: for how many minutes HERS was granted just before each story; 0 for not at all.
        lent: the sources that somebody may ask for.
        touched: the sources that rivals add and remove.
        besides: what doctl alone adds and removes: all descriptions go, and nothing else of ours.
        configurations: the lists that Terraform may apply.
        minutes: for how long access may be granted.
        faults: how calls may fail.
        per_look: how much may happen during one look of the whole model, faults included.
        workers: how many there are.
        restore: whether a rule that others took away is put back (`on_outside_removal`).
        nature: what the API does with uuids and descriptions.
        planted: faults of ours, to see that the model finds them.
    """

    name: str
    left: Left
    may: frozenset[str]
    lists: tuple[tuple[tuple[str, str | None], ...], ...] = (((OFFICE, "office"),),)
    granted: int = 0
    lent: tuple[str, ...] = (HERS,)
    touched: tuple[str, ...] = (HERS,)
    besides: tuple[str, ...] = (PARTNER,)
    configurations: tuple[tuple[str, ...], ...] = ((OFFICE,), (OFFICE, HERS))
    minutes: tuple[int, ...] = (10,)
    faults: tuple[Fault, ...] = USUAL
    per_look: int = 3
    workers: int = 1
    restore: bool = False
    nature: Nature = field(default_factory=Nature)
    planted: Planted = field(default_factory=lambda: Planted())

    @property
    def has_sessions(self) -> bool:
        """Whether people connect, and sessions are ended when access ends."""
        return "connect" in self.may
