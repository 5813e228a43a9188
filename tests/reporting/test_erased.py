"""The report of a time whose personal data is erased says so, and takes nothing for a fault."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.domain.audit_actions import Action
from bot.store import audit, erasure
from bot.store.database import Database
from bot.store.tables import GrantRow
from tests.reporting.many import lend
from tests.reporting.test_command import page, run

DAY = timedelta(days=1)


def erase(database: Database, *, audit_too: bool) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        assert erasure.erase_requests(session, now - DAY, now, most=100) == 6
        rows = erasure.erase_audit(session, now - DAY, most=100) if audit_too else 0
        detail = {"before": (now - DAY).isoformat(), "rows": rows, "requests": 6}
        audit.record(session, Action.ERASED, at=now, **detail)  # type: ignore[arg-type]


@pytest.mark.parametrize("audit_too", [True, False], ids=["whole", "rows of an older version stay"])
def test_what_is_erased_is_said_and_is_no_finding(
    folder: Path, database: Database, audit_too: bool
) -> None:
    lend(database, 6, since=datetime.now(UTC) - 9 * DAY, days=6, people=3)
    with database.engine.begin() as connection:  # what those rows said is in no chain
        connection.exec_driver_sql("DROP TRIGGER audit_has_no_delete")
        connection.exec_driver_sql("DELETE FROM audit")
    with database.transaction() as session:
        for lent in session.exec(select(GrantRow)).all():
            audit.record(
                session,
                Action.RULES_WRITTEN,
                at=lent.approved_at,
                cluster=lent.cluster,
                request_id=lent.id,
                added=[lent.source_value],
                certain=False,
            )
        at = lent.approved_at
        audit.record(session, Action.UNDELIVERED, at=at, conversation="user:U1", error="x")
    erase(database, audit_too=audit_too)

    made = run()

    assert (made.exit_code, made.output) == (0, "report.html: 6 grants of 0 people\n")
    shown = page(folder)
    assert "Rules added without access on record" not in shown
    assert "erased" in shown
    assert "ticket " not in shown
    assert ("203.0.113." in shown) is not audit_too
    assert "U0ALICE" not in shown
    if audit_too:
        assert "added: erased; removed: none" in shown
        assert "in the conversation erased: x" in shown
        assert "Personal fields are erased in 7 rows." in shown
