"""Several workers erase and delete at the same time, a few rows each, and none does harm."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.domain.erasure import ERASED, is_erased
from bot.domain.lifecycle import Decision, EndReason, Request, RequestState, Verdict
from bot.domain.sources import SourceType, TrustedSource
from bot.store import droplet_addresses, erasure, finished, grants, heartbeats, jobs, requests
from bot.store.database import Database
from bot.store.tables import HeartbeatRow, JobRow, PostRow, RequestRow
from tests.domain import examples

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=40)
DAY = timedelta(days=1)
MANY, FEW = 60, 7


def denied(number: int) -> Request:
    made = examples.request(
        id=requests.NEXT, requester=f"U{number}", created_at=NOON, lapses_at=LATER
    )
    no = Decision(f"A{number}", Verdict.DENY, NOON, "no")
    return replace(made.decide(no, approvals_needed=1), source_name="anna-laptop")


def at_once(database: Database, step: Callable[[Session], int]) -> list[int]:
    """Let four workers do a step until there is nothing left; return how much each time."""
    done: list[int] = []
    failed: list[Exception] = []

    def work() -> None:
        try:
            while True:
                with database.transaction() as session:
                    count = step(session)
                if not count:
                    return
                done.append(count)
        except Exception as error:
            failed.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []
    return done


def fill(database: Database) -> None:
    with database.transaction() as session:
        for number in range(MANY):
            made = requests.add(session, denied(number))
            requests.save(session, replace(denied(number), id=made.id))
            card = f"request:{made.id}"
            session.add(PostRow(post=card, channel="C0", ts=str(NOON.timestamp())))
            heartbeats.beat(session, f"worker {number}", NOON)
            jobs.add(session, jobs.Kind.MESSAGE, {}, ordering_key=card, at=NOON)
        for job in session.exec(select(JobRow)):
            job.finished_at = NOON
            session.add(job)


def test_each_request_is_erased_once(database: Database) -> None:
    fill(database)

    done = at_once(
        database, lambda session: erasure.erase_requests(session, LATER, LATER, most=FEW)
    )

    assert sum(done) == MANY
    assert max(done) <= FEW
    with database.reading() as session:
        rows = session.exec(select(RequestRow)).all()
        found = requests.with_decisions(session, rows)
    assert all(is_erased(one.requester) and is_erased(one.denied_by or "") for one in found)
    assert {one.source_name for one in found} == {""}
    assert {one.state for one in found} == {RequestState.DENIED}
    assert {row.erased_at for row in rows} == {LATER}


def test_what_is_finished_is_deleted_once_and_a_few_at_a_time(database: Database) -> None:
    fill(database)

    done = at_once(
        database, lambda session: finished.delete_finished(session, LATER, LATER, most=FEW)
    )

    assert sum(done) == 3 * MANY
    assert max(done) <= 3 * FEW
    with database.reading() as session:
        for table in (PostRow, HeartbeatRow, JobRow):
            assert session.exec(select(table)).all() == []


def test_a_few_rows_take_a_short_transaction_however_many_there_are(database: Database) -> None:
    fill(database)
    with database.transaction() as session:
        assert erasure.erase_requests(session, LATER, LATER, most=FEW) == FEW
        assert finished.delete_finished(session, LATER, LATER, most=FEW) == 3 * FEW
    with database.reading() as session:
        assert len(session.exec(select(PostRow)).all()) == MANY - FEW


def approved(session: Session, **changes: Any) -> int:
    """Save an approved request, and return its number."""
    made = examples.request(id=requests.NEXT, requester="U0RITA", created_at=NOON, **changes)
    made = made.approve_at_once("U0ALICE", NOON)
    number = requests.add(session, replace(made, decisions=())).id
    requests.save(session, replace(made, id=number))
    return number


def end(session: Session, number: int, at: datetime) -> None:
    gone = grants.get(session, number)
    assert gone is not None
    leaving = gone.leave(EndReason.REMOVED_OUTSIDE, at) if gone.is_live else gone
    grants.save(session, leaving.end(at))


def erased(database: Database, before: datetime, now: datetime) -> list[int]:
    """Erase what is over, and return the numbers of the requests that are erased then."""
    with database.transaction() as session:
        while erasure.erase_requests(session, before, now, most=FEW):
            pass
        rows = session.exec(select(RequestRow).order_by(col(RequestRow.id))).all()
        return [row.id or 0 for row in rows if row.erased_at]


def test_what_a_live_grant_rests_on_is_kept_until_that_is_over(database: Database) -> None:
    """P4: the request, its extensions, and those of the grant that it puts back."""
    end_of_first, end_of_second = NOON + timedelta(days=50), NOON + timedelta(days=60)
    with database.transaction() as session:
        first = approved(session, lapses_at=NOON)
        extension = approved(session, lapses_at=NOON, extends=first)
        lent = examples.active_grant(first, approved_at=NOON, expires_at=end_of_first)
        grants.add(session, lent)
        end(session, first, NOON + DAY)
    assert erased(database, NOON + 40 * DAY, NOON + 41 * DAY) == [], "it could be put back"

    with database.transaction() as session:
        second = approved(session, lapses_at=NOON, puts_back=first)
        longer = approved(session, lapses_at=NOON, extends=second)
        lent = examples.active_grant(second, approved_at=NOON, expires_at=end_of_second)
        grants.add(session, lent)
    assert erased(database, NOON + 55 * DAY, NOON + 56 * DAY) == [], "it was, and is live"

    with database.transaction() as session:
        end(session, second, end_of_second)
    assert erased(database, end_of_second, end_of_second + DAY) == [], "it ended just then"
    before = end_of_second + DAY
    assert erased(database, before, before + DAY) == [first, extension, second, longer]


@pytest.mark.parametrize(
    ("changes", "is_erased"),
    [
        ({"state": RequestState.PENDING}, False),
        ({"state": RequestState.LAPSED}, True),
        ({"state": RequestState.LAPSED, "decided_at": LATER}, False),
        ({"state": RequestState.APPROVED, "remind_at": NOON}, False),
        ({"state": RequestState.APPROVED, "decided_at": None}, True),
    ],
    ids=["undecided", "closed", "closed later", "waits for a review", "recovered"],
)
def test_only_what_is_over_is_erased(
    database: Database, changes: dict[str, Any], is_erased: bool
) -> None:
    made = examples.request(
        id=requests.NEXT, requester="U0RITA", created_at=NOON, lapses_at=NOON, decided_at=NOON
    )
    with database.transaction() as session:
        requests.add(session, replace(made, **changes))
    assert bool(erased(database, NOON + DAY, LATER)) is is_erased


@pytest.mark.parametrize("kind", SourceType)
def test_an_address_is_erased_and_the_id_of_a_machine_is_not(
    database: Database, kind: SourceType
) -> None:
    source = TrustedSource(kind, "203.0.113.4")
    with database.transaction() as session:
        number = approved(session, lapses_at=NOON, source=source)
        lent = examples.active_grant(
            number, source, approved_at=NOON, expires_at=NOON, earlier_description="Anna's home"
        )
        grants.add(session, lent)
        end(session, number, NOON)
        droplet_addresses.note(session, number, ["203.0.113.4"])
    assert erased(database, NOON + DAY, LATER) == [number]

    with database.reading() as session:
        grant, request = grants.get(session, number), requests.look_at(session, number)
        assert grant is not None
        assert droplet_addresses.known(session, grant) == ()
    assert request is not None
    value = ERASED if kind is SourceType.IP_ADDR else "203.0.113.4"
    assert grant.source == request.source == TrustedSource(kind, value)
    assert (grant.requester, request.approvers) == (ERASED, ("erased 2",))
    assert grant.earlier_description == ERASED
