"""Several workers erase and delete at the same time, a few rows each, and none does harm."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, select

from bot.domain.erasure import is_erased
from bot.domain.lifecycle import Decision, Request, RequestState, Verdict
from bot.store import erasure, finished, heartbeats, jobs, requests
from bot.store.database import Database
from bot.store.tables import HeartbeatRow, JobRow, PostRow, RequestRow
from tests.domain import examples

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=40)
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
