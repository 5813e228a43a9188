"""Findings as an operator reads them: aligned lines, folded at a terminal, or JSON."""

import json
import textwrap
from collections.abc import Iterable, Sequence

from bot.domain.findings import Finding, Level

_LEVEL_WIDTH = max(len(level) for level in Level) + 1


def as_lines(findings: Sequence[Finding], *, width: int | None) -> str:
    """Return one line for each finding; with a *width* in columns, folded under its words."""
    column = _LEVEL_WIDTH + max((len(one.what) for one in findings), default=0) + 2
    return "\n".join(_line(finding, column, width) for finding in findings)


def as_json(findings: Iterable[Finding]) -> str:
    """Return one array of objects with `level`, `what` and `words`."""
    return json.dumps(
        [{"level": one.level.lower(), "what": one.what, "words": one.words} for one in findings],
        indent=2,
    )


def summary(findings: Sequence[Finding]) -> str:
    """Return how many faults and hints there are, in a sentence."""
    faults = sum(one.level is Level.FAULT for one in findings)
    hints = sum(one.level is Level.HINT for one in findings)
    if not faults:
        return f"No faults, {_count(hints, 'hint')}."
    return f"{_count(faults, 'fault')} to mend, {_count(hints, 'hint')}."


def _line(finding: Finding, column: int, width: int | None) -> str:
    start = f"{finding.level:<{_LEVEL_WIDTH}}{finding.what}".ljust(column)
    if width is None:
        return start + finding.words
    return textwrap.fill(
        finding.words,
        width=max(width, column + 20),
        initial_indent=start,
        subsequent_indent=" " * column,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _count(number: int, word: str) -> str:
    return f"1 {word}" if number == 1 else f"{number or 'no'} {word}s"
