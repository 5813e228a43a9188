"""Measure all rows or some: `python -m bench [ROW…] [--quick] [--write FILE]`."""

import argparse
import logging
import shlex
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from bench.findings import Finding, Scale
from bench.report import machine, show, write
from bot.logs import set_up_logs

ROWS = {
    "A": "acknowledging",
    "B": "calls",
    "C": "coalescing",
    "D": "applying",
    "E": "ending",
    "F": "ticking",
    "G": "drifting",
    "H": "restarting",
    "I": "memory",
    "J": "workers",
    "K": "dead_addresses",
    "L": "whole_grant",
    "M": "many",
    "N": "records",
}
_SILENT = logging.CRITICAL


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write the page where one is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="only see that it works")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page there too")
    chosen = parser.parse_args(arguments)
    rows = [row.upper() for row in chosen.rows] or list(ROWS)
    if unknown := sorted(set(rows) - set(ROWS)):
        parser.error(f"there is no row {', '.join(unknown)}")
    set_up_logs("json", level=_SILENT)
    about = machine()
    findings = []
    for row in rows:
        print(f"{row}: {ROWS[row]} …", file=sys.stderr, flush=True)
        findings.append(_measurement(row)(Scale(quick=chosen.quick)))
        if chosen.write:  # what is measured is kept, whatever comes after it
            write(chosen.write, findings, about, _command(arguments))
    show(findings, about)


def _measurement(row: str) -> Callable[[Scale], Finding]:
    found: Callable[[Scale], Finding] = import_module(f"bench.{ROWS[row]}").measure
    return found


def _command(arguments: Sequence[str] | None) -> str:
    return shlex.join(
        ["python", "-m", "bench", *(sys.argv[1:] if arguments is None else arguments)]
    )


if __name__ == "__main__":
    main()
