"""`dbaccess audit`: what happened, as a table, as JSON lines or as CSV."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum

from rich.console import Console
from rich.table import Table

from bot.domain.durations import parse_duration
from bot.domain.refusal import Refused, one_line
from bot.store.tables import AuditRow

_COLUMNS = ("id", "at", "actor", "action", "cluster", "request_id", "detail")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Format(StrEnum):
    """How the rows are printed."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"


def parse_since(text: str, now: datetime) -> datetime:
    """Return the time that *text* names: an ISO 8601 time (UTC without a zone) or `30d` ago.

    Raises:
        ValueError: neither of the two.
    """
    try:
        return now - parse_duration(text)
    except Refused:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)


def render(rows: Iterable[AuditRow], form: Format) -> str:
    """Return the rows as text. Cells that a spreadsheet would compute are made plain text."""
    if form is Format.JSONL:
        return "\n".join(json.dumps(_as_dict(row)) for row in rows)
    if form is Format.CSV:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(_COLUMNS)
        for row in rows:
            writer.writerow([_plain(value) for value in _cells(row)])
        return out.getvalue().rstrip("\r\n")
    console = Console(record=True, file=io.StringIO(), width=160, emoji=False)
    table = Table(*_COLUMNS, box=None)
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table, markup=False)
    return console.export_text().rstrip()


def _as_dict(row: AuditRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in _COLUMNS} | {"at": _time(row.at)}


def _cells(row: AuditRow) -> list[str]:
    detail = " ".join(f"{key}={json.dumps(value)}" for key, value in row.detail.items())
    number = "" if row.request_id is None else str(row.request_id)
    names = (one_line(name) for name in (row.actor, row.action, row.cluster))
    return [str(row.id), _time(row.at), *names, number, detail]


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _plain(value: str) -> str:
    return "'" + value if value.startswith(_FORMULA) else value
