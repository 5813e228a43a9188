"""The table at the terminal, and the page RESULTS.md."""

import importlib.metadata
import os
import platform
import sqlite3
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.findings import Finding
from bot import __version__
from tests.postgresql import binaries

_SANDBOXES = (
    "Sandboxes stand for Slack and DigitalOcean; unless a row says otherwise, they answer at once "
    "and share the machine with the bot."
)
_PACKAGES = ("slack-bolt", "waitress", "sqlalchemy", "psycopg", "pydo", "apscheduler")


def machine() -> dict[str, str]:
    """Return what was measured on."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return {
        "machine": f"{platform.system()} {platform.machine()}, {_processor()}, "
        f"{os.cpu_count()} cores, load before {load}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "PostgreSQL": _postgresql(),
        "dbaccess": __version__,
        "libraries": ", ".join(f"{p} {importlib.metadata.version(p)}" for p in _PACKAGES),
    }


def show(findings: Sequence[Finding], about: dict[str, str]) -> None:
    """Print the table."""
    table = Table("", "what", "median", "p99", "ratio", title=about["machine"], show_lines=True)
    for finding in findings:
        for number, figure in enumerate(finding.figures):
            row = finding.row if number == 0 else ""
            table.add_row(row, figure.what, figure.median, figure.p99, figure.ratio)
        table.add_row("", f"[bold]{finding.verdict}[/bold]\n(goal: {finding.goal})")
    Console(width=130).print(table)


def write(path: Path, findings: Sequence[Finding], about: dict[str, str], command: str) -> None:
    """Write the page."""
    path.write_text("\n".join(_page(findings, about, command)) + "\n", encoding="utf-8")


def _page(findings: Sequence[Finding], about: dict[str, str], command: str) -> list[str]:
    lines = ["# What was measured", ""]
    lines += [f"`{command}` on {datetime.now(UTC):%d %B %Y, %H:%M} UTC.", ""]
    lines += [f"- {name}: {value}" for name, value in about.items()]
    lines += [
        "",
        _SANDBOXES,
        "",
        "| row | goal | |",
        "|---|---|---|",
    ]
    lines += [f"| {f.row} | {f.goal} | {f.verdict} |" for f in findings]
    for finding in findings:
        lines += ["", f"## {finding.row}. {finding.goal}", "", f"**{finding.verdict}**", ""]
        lines += ["| what | median | p99 | ratio |", "|---|---|---|---|"]
        lines += [f"| {f.what} | {f.median} | {f.p99} | {f.ratio} |" for f in finding.figures]
    for finding in findings:
        if finding.details:
            lines += ["", f"## Appendix to {finding.row}", "", "```", *finding.details, "```"]
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
