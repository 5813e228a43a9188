"""Years of ended grants, with all that they leave behind in the tables."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, String, Table, cast, insert, literal, select
from sqlmodel import SQLModel

from bench.seeding import BLOCK, grant_row, insert_rows, request_row, row_of
from bot.domain.lifecycle import EndReason, GrantState, RequestState
from bot.store.database import Database, table_of
from bot.store.tables import AuditRow, GrantRow, JobRow, RequestRow


def add_history(
    database: Database,
    count: int,
    *,
    clusters: int,
    now: datetime,
    after: int,
    audited: bool = True,
) -> int:
    """Add ended grants with all that they leave behind; return the highest number used.

    A block of rows is made here, and copied in the database until there are enough. Where it is
    not *audited*, the audit is left as it was.
    """
    blocks = max(count // BLOCK, 1)
    block = range(after + 1, after + BLOCK + 1)
    with database.engine.begin() as connection:
        for table, rows in _history(block, clusters, now).items():
            if table is AuditRow and not audited:
                continue
            insert_rows(connection, table, rows)
            _copy(connection, table, after, blocks)
    return after + blocks * BLOCK


def _history(
    block: range, clusters: int, now: datetime
) -> dict[type[SQLModel], list[dict[str, Any]]]:
    requests, grants, audits, jobs = [], [], [], []
    for number in block:
        ended = now - timedelta(hours=2, minutes=(number - block.start) * 500)
        at = ended - timedelta(hours=1)
        decided = {"decided_at": at + timedelta(minutes=5)}
        requests.append(request_row(number, clusters, at, RequestState.APPROVED) | decided)
        grant = grant_row(number, clusters, ended, at, GrantState.ENDED)
        grants.append(grant | {"ended_at": ended, "end_reason": EndReason.EXPIRED})
        detail = {"reason": "expired"}
        audits.append(
            row_of(
                AuditRow,
                id=number,
                at=ended,
                action="ended",
                actor="system",
                request_id=number,
                detail=detail,
            )
        )
        jobs.append(
            row_of(
                JobRow,
                id=number,
                kind="message" if number % 2 else "command",
                ordering_key=f"request:{number}",
                unique_key=f"job {number}",
                created_at=at,
                due_at=at,
                deadline=ended,
                attempts=1,
                finished_at=ended,
                outcome="done",
            )
        )
    return {
        RequestRow: requests,
        GrantRow: grants,
        AuditRow: audits,
        JobRow: jobs,
    }


def _copy(connection: Connection, model: type[SQLModel], after: int, blocks: int) -> None:
    """Double the copied rows until there are enough; numbers go on, texts that are unique too."""
    table = table_of(model)
    have = 1
    while have < blocks:
        add = min(have, blocks - have)
        values = [_shifted(column.name, table, have * BLOCK) for column in table.columns]
        chosen = table.c.id.between(after + 1, after + add * BLOCK)
        source = select(*values).where(chosen)
        connection.execute(insert(table).from_select(list(table.columns), source))
        have += add


def _shifted(name: str, table: Table, shift: int) -> Any:
    column = table.c[name]
    if name in ("id", "request_id"):
        return column + shift
    if name in ("origin", "ordering_key", "unique_key"):
        return literal("copy ") + cast(table.c.id + shift, String)
    return column
