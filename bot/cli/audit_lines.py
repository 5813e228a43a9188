"""What happened, as a table or as CSV, with refusals in words, or as JSON lines as it stands."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.cli import frame
from bot.cli.auditing import Format
from bot.cli.listing import utc_time
from bot.domain.audit_actions import ACTOR
from bot.domain.erasure import ERASED
from bot.domain.refusals.any_refusal import of_detail
from bot.domain.typed_text import one_line
from bot.store.audit_entries import Entry

_COLUMNS = ("id", "at", "actor", "action", "cluster", "request_id", "detail")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def lines(rows: Iterable[Entry], form: Format) -> Iterator[str]:
    """Yield the rows as text. Cells that a spreadsheet would compute are made plain text."""
    match form:
        case Format.JSONL:
            yield from (json.dumps(_as_dict(row)) for row in rows)
        case Format.CSV:
            yield ",".join(_COLUMNS)
            yield from (_csv(_cells(row)) for row in rows)
        case Format.TABLE:
            yield _table(rows)


def _table(rows: Iterable[Entry]) -> str:
    console = Console(record=True, file=io.StringIO(), width=160, emoji=False)
    table = Table(*_COLUMNS, box=None)
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table, markup=False)
    return console.export_text().rstrip()


def _csv(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([_plain(cell) for cell in cells])
    return out.getvalue()


def _as_dict(row: Entry) -> dict[str, object]:
    columns = {name: getattr(row, name) for name in _COLUMNS}
    return columns | {"at": utc_time(row.at), "erased": sorted(row.erased)}


def _cells(row: Entry) -> list[str]:
    erased = dict.fromkeys(sorted(row.erased - {ACTOR}), ERASED)
    particulars = _worded(row.detail) | erased
    detail = " ".join(f"{key}={json.dumps(value)}" for key, value in particulars.items())
    number = "" if row.request_id is None else str(row.request_id)
    names = (one_line(name) for name in (row.actor, row.action, row.cluster))
    return [str(row.id), utc_time(row.at), *names, number, detail]


def _worded(detail: dict[str, Any]) -> dict[str, Any]:
    """Return the particulars with what was refused in words, where a row is about that."""
    refusal = of_detail(detail) if "why" in detail else None
    if refusal is None:
        return detail
    others = {key: value for key, value in detail.items() if key != "values"}
    return others | {"why": frame.words(refusal)}


def _plain(value: str) -> str:
    return "'" + value if value.startswith(_FORMULA) else value
