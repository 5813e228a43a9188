"""Measure all rows or some: `python -m bench [ROW…] [--quick] [--write FILE]`."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from bench import kept
from bench.findings import Finding, Scale
from bench.kept import Measured
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
    "O": "rush",
    "P": "reconciling",
    "Q": "compare",
}
_SILENT = logging.CRITICAL


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write the page where one is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="only see that it works")
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE",
        help="keep what was found in results/ beside it, and write the page",
    )
    chosen = parser.parse_args(arguments)
    rows = [row.upper() for row in chosen.rows] or list(ROWS)
    if unknown := sorted(set(rows) - set(ROWS)):
        parser.error(f"there is no row {', '.join(unknown)}")
    set_up_logs("json", level=_SILENT)
    about = machine()
    findings = []
    for row in rows:
        print(f"{row}: {ROWS[row]} …", file=sys.stderr, flush=True)
        load, at = f"{os.getloadavg()[0]:.0f}", f"{datetime.now(UTC):%d %b %Y, %H:%M}"
        findings.append(_measurement(row)(Scale(quick=chosen.quick)))
        if chosen.write:  # what is measured is kept, whatever comes after it
            folder = chosen.write.parent / "results"
            kept.save(folder, Measured(findings[-1], at, load))
            write(chosen.write, kept.load(folder, ROWS), about)
    show(findings, about)


def _measurement(row: str) -> Callable[[Scale], Finding]:
    found: Callable[[Scale], Finding] = import_module(f"bench.{ROWS[row]}").measure
    return found


if __name__ == "__main__":
    main()
