"""The table at the terminal, and the page RESULTS.md."""

import importlib.metadata
import os
import platform
import sqlite3
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.findings import Finding, markdown
from bench.kept import Measured
from tests.postgresql import binaries

_FOREWORD = (
    "Sandboxes stand for Slack and DigitalOcean. Unless a row says otherwise, they answer at once "
    "and share the machine with the bot. What is counted, and ratios within one run, hold on any "
    "machine; times need a quiet one, so each row says how busy it was (*load*, of {cores} cores)."
)
_PACKAGES = ("slack-bolt", "waitress", "sqlalchemy", "psycopg", "pydo", "apscheduler")


def machine() -> dict[str, str]:
    """Return what was measured on."""
    return {
        "machine": f"{platform.system()} {platform.machine()}, {_processor()}, "
        f"{os.cpu_count()} cores",
        "software": f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"PostgreSQL {_postgresql()}, "
        + ", ".join(f"{p} {importlib.metadata.version(p)}" for p in _PACKAGES),
    }


def show(findings: Sequence[Finding], about: dict[str, str]) -> None:
    """Print the tables."""
    console = Console(width=130)
    console.print(about["machine"])
    for finding in findings:
        head, *lines = finding.table()
        table = Table(*head, title=f"{finding.row}. {finding.goal}", caption=finding.verdict)
        for line in lines:
            table.add_row(*line)
        console.print(table)


def write(path: Path, results: Sequence[Measured], about: dict[str, str]) -> None:
    """Write the page."""
    path.write_text("\n".join(_page(results, about)) + "\n", encoding="utf-8")


def _page(results: Sequence[Measured], about: dict[str, str]) -> list[str]:
    findings = [one.finding for one in results]
    lines = ["# What was measured", ""]
    lines += ["By `make bench`; `python -m bench ROW… --write bench/RESULTS.md` renews some rows."]
    lines += ["", *(f"- {name}: {value}" for name, value in about.items())]
    lines += ["", _FOREWORD.format(cores=os.cpu_count()), ""]
    summary = [["row", "goal", "", "measured (UTC)", "load"]]
    for one in results:
        found = one.finding
        summary.append([found.row, found.goal, found.verdict, one.at, one.load])
    lines += markdown(summary)
    for finding in findings:
        if finding.figures:
            lines += ["", f"## {finding.row}. {finding.goal}", *markdown(finding.table())]
    for finding in findings:
        if finding.details:
            lines += ["", f"## Appendix to {finding.row}", "", *finding.details]
    return lines


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.partition(":")[2] for line in text.splitlines() if line.startswith("model name")]
    return names[0].strip() if names else "unknown processor"


def _postgresql() -> str:
    programs = binaries()
    if programs is None:
        return "none"
    said = subprocess.run(
        [str(programs / "initdb"), "--version"], capture_output=True, text=True, check=False
    )
    return said.stdout.partition(") ")[2].split(" ")[0].strip()
