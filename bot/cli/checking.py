"""`dbaccess check`: what is missing, one line each, with the remedy. It changes nothing."""

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence

import typer

from bot.checks.findings import Finding, Level
from bot.checks.preflight import run_checks

_LEVEL_WIDTH = max(len(level) for level in Level) + 1


def check(*, as_json: bool, live: bool = False) -> None:
    """Print the findings, a line each or as one JSON array; *live*: wait for Slack, too.

    Raises:
        typer.Exit: 1 where there is a fault.
    """
    found = list(run_checks(live=live, announce=_announce))
    if as_json:
        typer.echo(_as_json(found))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        typer.echo(_as_lines(found, width=width))
        typer.echo(_summary(found), err=True)
    if any(one.level is Level.FAULT for one in found):
        raise typer.Exit(1)


def _as_lines(findings: Sequence[Finding], *, width: int | None) -> str:
    """Return a line for each finding, aligned; with a *width* in columns, its words are folded."""
    column = _LEVEL_WIDTH + max((len(one.what) for one in findings), default=0) + 2
    return "\n".join(_line(finding, column, width) for finding in findings)


def _announce(what_to_do: str) -> None:
    typer.echo(what_to_do, err=True)


def _as_json(findings: Iterable[Finding]) -> str:
    return json.dumps(
        [{"level": one.level.lower(), "what": one.what, "words": one.words} for one in findings],
        indent=2,
    )


def _summary(findings: Sequence[Finding]) -> str:
    faults = sum(one.level is Level.FAULT for one in findings)
    hints = sum(one.level is Level.HINT for one in findings)
    if not faults:
        return f"No faults, {_count(hints, 'hint')}."
    return f"{_count(faults, 'fault')} to fix, {_count(hints, 'hint')}."


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
