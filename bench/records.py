"""Row N: what auditors ask of a long history: whether its chain is whole, and a report."""

import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

from sqlalchemy import insert

from bench import company
from bench.findings import Figure, Finding, Scale, reasons
from bench.history import add_history
from bench.processes import HOME
from bench.stage import stage
from bot.domain.audit_chain import GENESIS, digest_of
from bot.store import audit, schema
from bot.store.audit_entries import SEALED
from bot.store.database import Database, table_of
from bot.store.tables import AuditRow
from tests.processes import DBACCESS

_CLUSTERS = 20
_BATCH = 5_000
_LEAST_ROWS_A_SECOND = 100_000
_MOST_SECONDS, _MOST_MEGABYTES = 10.0, 200.0


def measure(scale: Scale) -> Finding:
    """Verify a chain; then, in a process of its own, read a year and write its page."""
    rows, grants = scale.pick(1_000_000, 5_000), scale.pick(100_000, 1_000)
    with tempfile.TemporaryDirectory(prefix="dbaccess-bench-") as folder:
        rate, grown = _verified(Path(folder), rows)
        seconds, megabytes = _reported(grants)
    figures = (
        Figure(f"audit of {rows:,} rows: verified", ratio=f"{rate:,.0f} rows a second of one core"),
        Figure("more memory meanwhile", ratio=f"{grown:.0f} MB"),
        Figure(f"report of a year, {grants:,} grants: processor time", f"{seconds:.1f} s"),
        Figure("its memory", ratio=f"{megabytes:.0f} MB"),
    )
    missed = reasons(
        f"{rate:,.0f} rows a second were verified" if rate < _LEAST_ROWS_A_SECOND else "",
        f"the report took {seconds:.0f} s" if seconds > _MOST_SECONDS else "",
        f"the report took {megabytes:.0f} MB" if megabytes > _MOST_MEGABYTES else "",
    )
    goal = "100,000 rows of the audit a second verified, flat; a year's report in 10 s and 200 MB"
    return Finding("N", goal, figures, missed)


def _verified(folder: Path, rows: int) -> tuple[float, float]:
    """Return how many rows a second were verified, and how many MB more it took at the most."""
    database = Database(f"sqlite:///{folder / 'chain.db'}")
    schema.upgrade(database)
    for batch in _chain(rows):
        with database.engine.begin() as connection:
            connection.execute(insert(table_of(AuditRow)), batch)
    before, began = _peak_megabytes(), process_time()
    with database.reading() as session:
        verdict = audit.verify_chain(session)
    seconds = process_time() - began
    database.close()
    if verdict.count != rows or verdict.broken_at is not None:
        raise AssertionError(f"the chain is not whole: {verdict}")
    return rows / seconds, _peak_megabytes() - before


def _chain(rows: int) -> Iterator[list[dict[str, Any]]]:
    """Yield rows as they are written, chained, some at a time."""
    digest, at = GENESIS, datetime(2026, 1, 1, tzinfo=UTC)
    for first in range(1, rows + 1, _BATCH):
        batch = []
        for number in range(first, min(first + _BATCH, rows + 1)):
            facts = {
                "at": at.isoformat(),
                "action": "grant.ended",
                "actor": "dbaccess",
                "cluster": company.alias(number % _CLUSTERS + 1),
                "request_id": None,
                "detail": {"reason": "expired"},
                "format": SEALED,
                "commitments": {},
            }
            digest = digest_of(digest, facts)
            row = {**facts, "id": number, "at": at, "digest": digest, "key": "", "personal": {}}
            batch.append(row)
            at += timedelta(seconds=30)
        yield batch


def _reported(grants: int) -> tuple[float, float]:
    """Return how much processor time `dbaccess report` takes, and how much memory at its most."""
    with stage(_CLUSTERS) as place:
        now = datetime.now(UTC)
        add_history(place.database, grants, clusters=_CLUSTERS, now=now, after=0)
        written = company.written_policy(_CLUSTERS)
        (place.folder / "dbaccess.toml").write_text(company.as_toml(written), encoding="utf-8")
        page = place.folder / "report.html"
        env = company.environment(place.slack, place.digitalocean, place.url)
        process = subprocess.Popen(
            [*DBACCESS, "report", "--since", "365d", "--out", str(page)],
            cwd=place.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": HOME, **env},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # that the chain of rows made here is none
        )
        _, _, used = os.wait4(process.pid, 0)
        if not page.exists():
            raise AssertionError("there is no report")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
