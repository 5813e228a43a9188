"""Row N: what auditors ask of a long history: whether its chain is whole, and a report."""

import hashlib
import os
import resource
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any

from sqlalchemy import text

from bench import company
from bench.chain import ROWS_OF_A_GRANT, add_chain
from bench.findings import Figure, Finding, Scale, reasons
from bench.history import add_history
from bench.processes import HOME
from bench.stage import stage
from bot.domain.audit_actions import Action
from bot.store import audit, schema
from bot.store.database import Database
from tests.processes import DBACCESS

_CLUSTERS = 20
_LEAST_ROWS_A_SECOND = 100_000
_ALL = (
    "SELECT id, at, action, actor, cluster, request_id, key, format, commitments, personal, "
    "detail, digest FROM audit ORDER BY id"
)
_LATER = "2999-01-01T00:00:00+00:00"
_FLAT_MEGABYTES = 16
_MOST_SECONDS, _MOST_MEGABYTES = 10.0, 200.0


def measure(scale: Scale) -> Finding:
    """Verify a chain; then, in a process of its own, read a year and write its page."""
    rows, reported = scale.pick(1_000_000, 9_000), scale.pick(100_000, 9_000)
    with tempfile.TemporaryDirectory(prefix="dbaccess-bench-") as folder:
        seconds, grown, erased_seconds, floor = _verified(Path(folder), rows)
    took, megabytes = _reported(reported)
    figures = (
        Figure(f"audit of {rows:,} rows: verified", _rate(seconds)),
        Figure("the same once its personal fields are erased", _rate(erased_seconds)),
        Figure("only read by the driver, one digest a row", _rate(floor)),
        Figure("more memory meanwhile", f"{grown:.0f} MB"),
        Figure(f"report of a year, {reported:,} rows: processor time", f"{took:.1f} s"),
        Figure("its memory", f"{megabytes:.0f} MB"),
    )
    rate = 1 / seconds
    missed = reasons(
        f"{rate:,.0f} rows a second were verified; to read a row and compute one digest takes "
        f"{floor * 1e6:.1f} of its {seconds * 1e6:.1f} µs"
        if rate < _LEAST_ROWS_A_SECOND
        else "",
        f"{grown:.0f} MB more were taken" if grown > _FLAT_MEGABYTES else "",
        f"the report took {took:.0f} s" if took > _MOST_SECONDS else "",
        f"the report took {megabytes:.0f} MB" if megabytes > _MOST_MEGABYTES else "",
    )
    goal = "100,000 rows of the audit a second verified, flat; a year's report in 10 s and 200 MB"
    return Finding("N", goal, figures, missed, columns=("processor time", "", ""))


def _rate(seconds: float) -> str:
    return f"{1 / seconds:,.0f} rows a second"


def _verified(folder: Path, rows: int) -> tuple[float, float, float, float]:
    """Return seconds a row, the megabytes more at the most, seconds once erased, and at least."""
    database = Database(f"sqlite:///{folder / 'chain.db'}")
    schema.upgrade(database)
    count = add_chain(database, rows, clusters=_CLUSTERS)
    before = _peak_megabytes()
    seconds = _seconds(lambda: _verify(database, count))
    grown = _peak_megabytes() - before
    floor = _seconds(lambda: _only_read(database))
    _erase(database)
    erased_seconds = _seconds(lambda: _verify(database, count + 1, erased=True))
    database.close()
    return seconds / count, grown, erased_seconds / count, floor / count


def _verify(database: Database, count: int, *, erased: bool = False) -> None:
    with database.reading() as session:
        verdict = audit.verify_chain(session)
    if verdict.count != count or verdict.broken_at is not None or bool(verdict.erased) != erased:
        raise AssertionError(f"the chain is not as it was made: {verdict}")


def _erase(database: Database) -> None:
    """Erase all personal fields in one go, and put it on record."""
    with database.transaction() as session:
        session.execute(text("UPDATE audit SET personal = NULL WHERE personal IS NOT NULL"))
        now = datetime.now(UTC)
        audit.record(session, Action.ERASED, at=now, before=_LATER, rows=1, requests=0)


def _only_read(database: Database) -> None:
    """Do what cannot be left out, by the driver alone."""
    with database.reading() as session:
        driver: Any = session.connection().connection.driver_connection
        for *_, said, digest in driver.execute(_ALL):
            hashlib.sha256(f"{digest}{said}{digest}{digest}".encode()).hexdigest()


def _seconds(act: Callable[[], None]) -> float:
    began = process_time()
    act()
    return process_time() - began


def _reported(rows: int) -> tuple[float, float]:
    """Return how much processor time `dbaccess report` takes, and how much memory at its most."""
    with stage(_CLUSTERS) as place:
        now = datetime.now(UTC)
        rows = add_chain(place.database, rows, clusters=_CLUSTERS)
        grants = rows // ROWS_OF_A_GRANT
        add_history(place.database, grants, clusters=_CLUSTERS, now=now, after=0, audited=False)
        written = company.written_policy(_CLUSTERS)
        (place.folder / "dbaccess.toml").write_text(company.as_toml(written), encoding="utf-8")
        page = place.folder / "report.html"
        env = company.environment(place.slack, place.digitalocean, place.url)
        process = subprocess.Popen(
            [*DBACCESS, "report", "--since", "365d", "--out", str(page)],
            cwd=place.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": HOME, **env},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, _, used = os.wait4(process.pid, 0)
        if not page.exists():
            raise AssertionError("there is no report")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
