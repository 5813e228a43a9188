"""What a measurement found: figures, the goal, and whether it was reached."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One line of the table; empty where a column says nothing."""

    what: str
    median: str = ""
    p99: str = ""
    ratio: str = ""


@dataclass(frozen=True)
class Finding:
    """One row of the goals. `missed` says why the goal was not reached, and is empty if it was."""

    row: str
    goal: str
    figures: tuple[Figure, ...]
    missed: str = ""
    details: tuple[str, ...] = field(default=())

    @property
    def verdict(self) -> str:
        """The last word."""
        return f"missed, because {self.missed}" if self.missed else "reached"


@dataclass(frozen=True)
class Scale:
    """How much is measured: all of it, or a little to see that it works."""

    quick: bool = False

    def pick(self, full: int, quick: int) -> int:
        """Return the size to measure with."""
        return quick if self.quick else full


def p99(seconds: Sequence[float]) -> float:
    """Return the time within which 99 of 100 are done."""
    if len(seconds) < 2:
        return max(seconds, default=0.0)
    return statistics.quantiles(seconds, n=100, method="inclusive")[98]


def milliseconds(seconds: float) -> str:
    """Return a time as text."""
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"


def timing(what: str, seconds: Sequence[float], *, ratio: str = "") -> Figure:
    """Return the line for so many measured times."""
    if not seconds:
        return Figure(f"{what} (nothing measured)", ratio=ratio)
    median = milliseconds(statistics.median(seconds))
    return Figure(f"{what} (n = {len(seconds):,})", median, milliseconds(p99(seconds)), ratio)


def reasons(*unmet: str | None) -> str:
    """Return why a goal was missed: all that is not None or empty."""
    return "; ".join(reason for reason in unmet if reason)
