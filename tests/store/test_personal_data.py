"""The page on personal data: it has every column, and what it calls personal is what is erased."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from sqlmodel import Session, SQLModel, select

from bot.store import erasure
from bot.store.database import Database
from bot.store.tables import AuditRow, DecisionRow, GrantRow, RequestRow

PAGE = (Path(__file__).parents[2] / "docs" / "personal-data.md").read_text()
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=40)
TABLES = SQLModel.metadata.tables
ROW = re.compile(r"^\| `([a-z_]+)` \|(.*)\|(.*)\|$", re.MULTILINE)
# Else a column of text has its own name in it, one with a time NOON, one with a number 1.
FILLED: dict[type[SQLModel], dict[str, Any]] = {
    RequestRow: {
        "state": "approved",
        "source_type": "ip_addr",
        "extends": None,
        "puts_back": None,
        "remind_at": None,  # it waits for no review
        "erased_at": None,
        "concerned": [{"user": "U0RITA"}],
        "details": [["actor", "octocat"]],
    },
    DecisionRow: {"verdict": "approve"},
    GrantRow: {"state": "ended", "source_type": "ip_addr"},
    AuditRow: {
        "format": 2,
        "detail": {},
        "commitments": {},
        "personal": {"actor": ["salt", "U0RITA"]},
    },
}


def columns_in(cell: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", cell.partition(". ")[0]))


LISTED = {table: (columns_in(named), columns_in(rest)) for table, named, rest in ROW.findall(PAGE)}


@pytest.mark.parametrize("table", sorted(TABLES))
def test_each_column_of_a_table_is_on_the_page_once(table: str) -> None:
    personal, rest = LISTED[table]

    assert personal | rest == set(TABLES[table].columns.keys())
    assert personal & rest == set()


def test_the_page_has_no_table_that_is_not_there() -> None:
    assert set(LISTED) == set(TABLES)


def filled(table: type[SQLModel]) -> SQLModel:
    """A row with something in each column."""
    values: dict[str, Any] = {}
    for name, field in table.model_fields.items():
        kind = (get_args(field.annotation) or (field.annotation,))[0]  # of `str | None`, str
        values[name] = {str: name, datetime: NOON}.get(kind, 1)  # for SQLite, 1 is True, too
    return table(**values | FILLED[table])


def said(session: Session, table: type[SQLModel]) -> dict[str, Any]:
    session.expire_all()
    return session.exec(select(table)).one().model_dump()


def test_what_the_page_calls_personal_is_what_an_erasure_erases(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        for table in FILLED:
            session.add(filled(table))
            session.flush()
        before = {table: said(session, table) for table in FILLED}
        assert erasure.erase_requests(session, LATER, LATER, most=1) == 1
        assert erasure.erase_audit(session, LATER, most=1) == 1
        after = {table: said(session, table) for table in FILLED}

    for table, values in before.items():
        erased = {name for name, value in values.items() if after[table][name] != value}
        assert erased - {"erased_at"} == LISTED[str(table.__tablename__)][0], table
