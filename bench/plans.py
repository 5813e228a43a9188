"""Query plans: what a database does for each statement that is sent to it."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import event

from bot.store.database import Database

_READING = ("SELECT", "UPDATE", "DELETE")  # each finds its rows first
_LONGEST = 200  # of a statement, as far as it is shown
_HISTORIES = "requests|grants|audit|jobs"
_READ = re.compile(  # PostgreSQL's words, those of its two-step scan, SQLite's
    r"(?:Seq Scan|Index(?: Only)? Scan using (?P<index>\w+)) on (?P<table>\w+)"
    r"|Bitmap Heap Scan on (?P<bitmap>\w+).*\n.*Bitmap Index Scan on (?P<bitmap_index>\w+)"
    r"|(?:SCAN|SEARCH) (?P<sqlite>(?!CONSTANT)\w+)"
    r"(?: USING (?:(?:COVERING )?INDEX (?P<sqlite_index>\w+)|INTEGER PRIMARY KEY))?"
)
_WHOLE = re.compile(rf"SCAN ({_HISTORIES})$|Seq Scan on ({_HISTORIES})\b", re.MULTILINE)


def explained(database: Database, act: Callable[[], object]) -> list[str]:
    """Return each statement that *act* sends, with the plan that the database makes for it."""
    seen: dict[str, Any] = {}

    def note(_c: Any, _u: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith(_READING):
            seen.setdefault(statement, parameters)

    event.listen(database.engine, "before_cursor_execute", note)
    act()
    event.remove(database.engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN (COSTS OFF) "
    with database.engine.connect() as connection:
        return [
            _shown(statement, connection.exec_driver_sql(explain + statement, parameters).all())
            for statement, parameters in seen.items()
        ]


def _shown(statement: str, plan: Any) -> str:
    short = re.sub(r"SELECT .*? FROM", "SELECT … FROM", " ".join(statement.split()), count=1)
    return "\n".join([short[:_LONGEST], *(f"    {row[-1]}" for row in plan if _reads(row[-1]))])


def _reads(line: str) -> bool:
    """Tell whether a line of a plan says how rows are found."""
    return re.search(r"SCAN|SEARCH|Scan", line) is not None


def tables_read(plans: Iterable[str]) -> dict[str, str]:
    """Return how each table is read: by which of its indexes (how often), or whole."""
    ways: dict[str, Counter[str]] = {}
    for found in _READ.finditer("\n".join(plans)):
        table = found["table"] or found["bitmap"] or found["sqlite"]
        way = found["index"] or found["bitmap_index"] or found["sqlite_index"]
        if found["sqlite"] and "PRIMARY KEY" in found[0]:
            way = f"{table}_pkey"
        ways.setdefault(table, Counter())[way or "whole"] += 1
    return {
        table: ", ".join(f"{way} ({n} times)" if n > 1 else way for way, n in counted.items())
        for table, counted in sorted(ways.items())
    }


def reads_history_whole(plan: str) -> bool:
    """Tell whether a plan reads all that has ever been written to a table that only grows."""
    return _WHOLE.search(plan) is not None


def gather_statistics(database: Database) -> None:
    """PostgreSQL does so by itself, but later; SQLite has none, here as in life."""
    if not database.is_sqlite:
        with database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("VACUUM ANALYZE")
