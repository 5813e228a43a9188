"""Rows by the thousand, straight into the tables."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, insert
from sqlmodel import SQLModel

from bench.company import INSTANCE, OFFICE, alias, cluster_id
from bot.domain.labels import label
from bot.domain.lifecycle import GrantState, RequestState, Verdict
from bot.domain.people import Standing
from bot.store.database import Database, table_of
from bot.store.tables import ClusterRow, DecisionRow, GrantRow, RequestRow
from dbaccess_playground.demo.company import ALICE
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean

BLOCK = 1000
PEOPLE = 500


def address(number: int) -> str:
    """Return a public IPv4 address of its own for each number up to 16 million."""
    return f"8.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def person(number: int) -> str:
    """Return one of the people who ask."""
    return f"U{number % PEOPLE:06d}"


def _member(user_id: str) -> dict[str, Any]:
    """Return what Slack's directory said of a person, as it is kept."""
    return {"id": user_id, "standing": Standing.MEMBER, "groups": []}


def add_grants(
    database: Database,
    ends: Sequence[datetime],
    *,
    clusters: int,
    now: datetime,
    state: GrantState = GrantState.ACTIVE,
    first: int = 1,
) -> None:
    """Add a grant for each end, numbered from *first*, on one cluster after the other."""
    numbered = list(enumerate(ends, start=first))
    requests = [request_row(n, clusters, now, RequestState.APPROVED) for n, _ in numbered]
    grants = [grant_row(n, clusters, end, now, state) for n, end in numbered]
    with database.engine.begin() as connection:
        insert_rows(connection, RequestRow, requests)
        insert_rows(connection, GrantRow, grants)
        insert_rows(connection, DecisionRow, [approval(n, now) for n, _ in numbered])


def add_rules(
    digitalocean: SandboxDigitalOcean, ends: Sequence[datetime], *, clusters: int
) -> None:
    """Have the clusters trust what such grants lend."""
    rules: dict[int, list[dict[str, str]]] = {n: [OFFICE] for n in range(1, clusters + 1)}
    for number, end in enumerate(ends, start=1):
        text = str(label(INSTANCE, number, end))
        rule = {"type": "ip_addr", "value": address(number), "description": text}
        rules[_cluster_of(number, clusters)].append(rule)
    for number, wanted in rules.items():
        digitalocean.replace_rules(cluster_id(number), wanted, by="seeding")


def add_pending(
    database: Database, count: int, *, clusters: int, now: datetime, first: int, extends: int = 0
) -> None:
    """Add requests that wait for a decision; each second one extends grant number *extends*."""
    rows = [
        request_row(n, clusters, now, RequestState.PENDING) for n in range(first, first + count)
    ]
    for row in rows[::2]:
        row["extends"] = extends or None
    with database.engine.begin() as connection:
        insert_rows(connection, RequestRow, rows)


def watch_clusters(database: Database, clusters: int, *, due_at: datetime) -> None:
    """Have the clusters known and looked at then."""
    rows = [
        row_of(ClusterRow, id=cluster_id(n), alias=alias(n), due_at=due_at)
        for n in range(1, clusters + 1)
    ]
    with database.engine.begin() as connection:
        insert_rows(connection, ClusterRow, rows)


def request_row(number: int, clusters: int, at: datetime, state: RequestState) -> dict[str, Any]:
    """Return a request as it is inserted."""
    return row_of(
        RequestRow,
        id=number,
        cluster=alias(_cluster_of(number, clusters)),
        source_type="ip_addr",
        source_value=address(number),
        duration_seconds=3600,
        requester=person(number),
        concerned=[_member(person(number)), _member(ALICE)],
        state=state,
        created_at=at,
        lapses_at=at + timedelta(days=30),
    )


def approval(number: int, at: datetime) -> dict[str, Any]:
    """Return the decision by which a request was approved, as it is inserted."""
    approval = {"approver": ALICE, "verdict": Verdict.APPROVE, "reason": ""}
    return row_of(DecisionRow, id=number, request_id=number, at=at, **approval)


def grant_row(
    number: int, clusters: int, end: datetime, at: datetime, state: GrantState
) -> dict[str, Any]:
    """Return a grant as it is inserted."""
    cluster = _cluster_of(number, clusters)
    return row_of(
        GrantRow,
        id=number,
        cluster=alias(cluster),
        cluster_id=cluster_id(cluster),
        source_type="ip_addr",
        source_value=address(number),
        requester=person(number),
        state=state,
        approved_at=at,
        expires_at=end,
        owned=None if state is GrantState.APPLYING else True,
        written_at=None if state is GrantState.APPLYING else at,
    )


def _cluster_of(number: int, clusters: int) -> int:
    return number % clusters + 1


def row_of(model: type[SQLModel], **values: Any) -> dict[str, Any]:
    """Return a row with all its columns."""
    return model(**values).model_dump()


def insert_rows(
    connection: Connection, model: type[SQLModel], rows: Sequence[dict[str, Any]]
) -> None:
    """Insert them, some at a time."""
    waiting: Iterator[dict[str, Any]] = iter(rows)
    while some := list(islice(waiting, BLOCK)):
        connection.execute(insert(table_of(model)), some)
