"""What a measurement found: figures, the goal, and whether it was reached."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table; empty where a column says nothing."""

    what: str
    median: str = ""
    p99: str = ""
    ratio: str = ""


@dataclass(frozen=True)
class Finding:
    """One row of the goals. `missed` says why the goal was not reached, and is empty if it was.

    `columns` are the names of what a figure has; `details` go to the appendix, a line each.
    """

    row: str
    goal: str
    figures: tuple[Figure, ...]
    missed: str = ""
    details: tuple[str, ...] = ()
    columns: tuple[str, str, str] = ("median", "p99", "ratio")

    @property
    def verdict(self) -> str:
        """The last word."""
        return f"missed: {self.missed}" if self.missed else "reached"

    def table(self) -> list[list[str]]:
        """Return the lines of the table, its head first, without columns in which nothing is."""
        lines = [["what", *self.columns]]
        lines += [[one.what, one.median, one.p99, one.ratio] for one in self.figures]
        used = [number for number in range(4) if any(line[number] for line in lines[1:])]
        return [[line[number] for number in used] for line in lines]


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


def markdown(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as a page has it; the first line is its head."""
    head, *rest = ("| " + " | ".join(line) + " |" for line in lines)
    return [head, "|---" * len(lines[0]) + "|", *rest]
