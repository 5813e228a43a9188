"""The statements that are sent to a database, counted."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from bot.store.database import Database

_IN_BRACKETS = re.compile(r"\([^()]*\)")
_WHAT = re.compile(r"\b(pg_\w+)|\b(?:FROM|INTO|UPDATE) \"?(\w+)")


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Yield a list to which each statement is added that the block sends, in any thread.

    A statement is named by its verb and its table (`SELECT requests`), or by the function that it
    calls; what begins and ends a transaction is not counted.
    """
    sent: list[str] = []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(_name(" ".join(statement.split())))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def _name(statement: str) -> str:
    verb, plain, count = statement.partition(" ")[0], statement, 1
    while count:  # what is asked in brackets, besides
        plain, count = _IN_BRACKETS.subn("", plain)
    what = _WHAT.search(plain) or _WHAT.search(statement)
    return f"{verb} {what[1] or what[2]}" if what else verb
