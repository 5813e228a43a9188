"""What a scrape of /metrics costs, with many live grants and a long history.

    python -m bench.scrape [LIVE] [ENDED]

SQLite; the rows are written in bulk, with one audit row for each grant that ended.
"""

import statistics
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from prometheus_client import generate_latest
from rich.console import Console
from rich.table import Table
from sqlalchemy import insert

from bot.clock import SystemClock
from bot.metrics import Metrics
from bot.store import schema
from bot.store.database import Database
from bot.store.tables import AuditRow, ClusterRow, GrantRow, RequestRow

_CLUSTERS = 50
_BATCH = 20_000
_SCRAPES = 15


def main() -> None:
    """Print a table."""
    live = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    ended = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        schema.upgrade(database)
        _fill(database, live, ended)
        first, *others = _scrape(database)
        database.close()
    table = Table("first", "median", "slowest", title=f"{live} live, {ended} ended, milliseconds")
    table.add_row(*(f"{s * 1000:.0f}" for s in (first, statistics.median(others), max(others))))
    Console().print(table)


def _scrape(database: Database) -> list[float]:
    registry = Metrics(database, SystemClock()).registry
    seconds = []
    for _ in range(_SCRAPES):
        began = perf_counter()
        generate_latest(registry)
        seconds.append(perf_counter() - began)
    return seconds


def _fill(database: Database, live: int, ended: int) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        session.execute(insert(ClusterRow), [_cluster(number) for number in range(_CLUSTERS)])
    for numbers in _batches(live + ended):
        with database.transaction() as session:
            session.execute(insert(RequestRow), [_request(n, now) for n in numbers])
            session.execute(insert(GrantRow), [_grant(n, now, ended) for n in numbers])
            if ended_here := [_audit(n, now) for n in numbers if n <= ended]:
                session.execute(insert(AuditRow), ended_here)


def _batches(count: int) -> Iterator[range]:
    for first in range(1, count + 1, _BATCH):
        yield range(first, min(first + _BATCH, count + 1))


def _cluster(number: int) -> dict[str, Any]:
    return {"id": f"{number:036}", "alias": f"c{number}", "last_error": ""}


def _request(number: int, now: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "cluster": f"c{number % _CLUSTERS}",
        "source_type": "ip_addr",
        "source_value": "203.0.113.4",
        "duration_seconds": 3600,
        "requester": "U0RITA",
        "reason": "a reason of usual length",
        "state": "approved",
        "created_at": now,
        "lapses_at": now,
    }


def _grant(number: int, now: datetime, ended: int) -> dict[str, Any]:
    is_over = number <= ended
    return {
        "id": number,
        "cluster": f"c{number % _CLUSTERS}",
        "cluster_id": f"{number % _CLUSTERS:036}",
        "source_type": "ip_addr",
        "source_value": "203.0.113.4",
        "requester": "U0RITA",
        "state": "ended" if is_over else "active",
        "approved_at": now,
        "expires_at": now if is_over else now + timedelta(hours=1),
        "ended_at": now if is_over else None,
        "end_reason": "expired" if is_over else None,
    }


def _audit(number: int, now: datetime) -> dict[str, Any]:
    return {
        "at": now,
        "action": "grant.ended",
        "actor": "dbaccess",
        "cluster": f"c{number % _CLUSTERS}",
        "request_id": number,
        "detail": {"reason": "expired"},
        "digest": "0" * 64,
    }


if __name__ == "__main__":
    main()
