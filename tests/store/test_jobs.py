"""Jobs: in order per key, handled by one at a time, and what is stuck holds up nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from bot.store import jobs
from bot.store.counts import snapshot
from bot.store.database import Database
from bot.store.jobs import Job, Kind, Outcome
from bot.store.next_due import LeadTimes, read_next_due
from bot.store.tables import JobRow

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
AT_ONCE = LeadTimes(timedelta(), timedelta(), timedelta())
MINUTE = timedelta(minutes=1)
URL = "https://hooks.slack.example/actions/1"


def add(
    database: Database,
    name: str,
    *,
    key: str = "user:U0RITA",
    kind: Kind = Kind.MESSAGE,
    at: datetime = NOW,
    **keys: Any,
) -> bool:
    with database.transaction() as session:
        return jobs.add(session, kind, {"name": name}, ordering_key=key, at=at, **keys)


def claim(
    database: Database,
    *,
    at: datetime = NOW,
    kind: Kind = Kind.MESSAGE,
    most: int = 8,
    most_retried: int = 8,
) -> list[Job]:
    with database.transaction() as session:
        return jobs.claim(
            session, kind, at, until=at + MINUTE, most=most, most_retried=most_retried
        )


def finish(database: Database, job: Job, outcome: Outcome = Outcome.DONE) -> None:
    with database.transaction() as session:
        jobs.finish(session, job.id, NOW, outcome)


def fail(database: Database, job: Job, until: datetime = NOW, **how: Any) -> None:
    with database.transaction() as session:
        jobs.reschedule(session, job, until, error="ratelimited", **how)


def names(claimed: list[Job]) -> list[str]:
    return [job.payload["name"] for job in claimed]


def next_due(database: Database, kind: Kind = Kind.MESSAGE) -> datetime | None:
    with database.reading() as session:
        return read_next_due(session, AT_ONCE).times[kind]


def rows(database: Database) -> dict[str, JobRow]:
    with database.reading() as session:
        return {row.payload["name"]: row for row in session.exec(select(JobRow))}


def test_the_jobs_of_one_ordering_key_are_handled_one_by_one_in_order(database: Database) -> None:
    for name in ("one", "two", "three"):
        add(database, name)

    order = []
    while claimed := claim(database):
        assert len(claimed) == 1
        order += names(claimed)
        finish(database, claimed[0])
    assert order == ["one", "two", "three"]


def test_ordering_keys_and_kinds_do_not_wait_for_each_other(database: Database) -> None:
    add(database, "one")
    add(database, "two")
    add(database, "other", key="operators")
    add(database, "home", key="home:U0RITA", kind=Kind.HOME)
    assert names(claim(database)) == ["one", "other"]
    assert names(claim(database, kind=Kind.HOME)) == ["home"]


def test_no_more_are_claimed_than_asked_for_the_oldest_first(database: Database) -> None:
    for number in range(5):
        add(database, str(number), key=f"user:{number}")
    assert names(claim(database, most=2)) == ["0", "1"]
    assert names(claim(database, most=2)) == ["2", "3"]


def test_what_has_failed_before_gets_only_its_share_whatever_its_age(database: Database) -> None:
    for number in range(20):
        add(database, f"stuck {number}", key=f"user:{number}")
    for job in claim(database, most=20):
        fail(database, job)
    add(database, "new", key="request:1")

    claimed = claim(database, most=4, most_retried=2)

    assert names(claimed) == ["stuck 0", "stuck 1", "new"]
    assert [job.attempts for job in claimed] == [2, 2, 1]
    assert names(claim(database, most=2, most_retried=0)) == []


def test_of_one_coalescing_key_only_the_last_is_handled(database: Database) -> None:
    add(database, "first", coalescing_key="update")
    add(database, "reply")
    add(database, "last", coalescing_key="update")
    add(database, "elsewhere", key="other", coalescing_key="update")

    assert sorted(names(claim(database))) == ["elsewhere", "reply"]
    assert rows(database)["first"].outcome == Outcome.SUPERSEDED


def test_a_long_backlog_of_one_coalescing_key_costs_a_few_statements(database: Database) -> None:
    with database.transaction() as session:
        for number in range(600):
            key = f"home:{number % 3}"
            payload = {"name": str(number)}
            jobs.add(session, Kind.HOME, payload, ordering_key=key, coalescing_key=key, at=NOW)
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    assert sorted(names(claim(database, kind=Kind.HOME))) == ["597", "598", "599"]

    assert len(rows(database)) == 3
    assert len(statements) < 12


def test_what_comes_to_light_after_a_later_one_was_begun_is_done_all_the_same(
    database: Database,
) -> None:
    """A transaction takes its number before it commits: another may be seen, and begun, first."""
    add(database, "later", coalescing_key="home")
    [later] = claim(database)
    with database.transaction() as session:
        earlier = JobRow(
            id=later.id + 100,
            kind=Kind.MESSAGE,
            ordering_key="user:U0RITA",
            coalescing_key="home",
            payload={"name": "earlier"},
            created_at=NOW,
            due_at=NOW,
            deadline=NOW + MINUTE,
        )
        session.add(earlier)
        session.get_one(JobRow, later.id).id = later.id + 200
    moved = replace(later, id=later.id + 200)

    assert claim(database) == [], "one at a time for each ordering key"
    finish(database, moved)
    assert names(claim(database)) == ["earlier"]


def test_one_that_is_being_handled_is_not_superseded(database: Database) -> None:
    add(database, "first", coalescing_key="home")
    [first] = claim(database)
    add(database, "second", coalescing_key="home")
    add(database, "third", coalescing_key="home")
    assert claim(database) == []

    finish(database, first)

    assert names(claim(database)) == ["third"]


def test_a_unique_key_is_taken_for_good(database: Database) -> None:
    assert add(database, "one", unique_key="press:1")
    assert not add(database, "again", unique_key="press:1")
    assert add(database, "other", key="other", unique_key="press:2")
    for job in claim(database):
        finish(database, job)
    assert not add(database, "again", unique_key="press:1")
    assert claim(database) == []


def test_what_is_leased_is_nobody_elses_until_the_lease_runs_out(database: Database) -> None:
    add(database, "one")
    assert names(claim(database)) == ["one"]
    assert claim(database) == []
    assert claim(database, at=NOW + MINUTE - timedelta(seconds=1)) == []

    [again] = claim(database, at=NOW + MINUTE)
    assert again.attempts == 2


def test_the_end_of_a_lease_is_when_the_next_job_is_due(database: Database) -> None:
    add(database, "one")
    claim(database)
    assert next_due(database) == NOW + MINUTE


def test_whoever_comes_back_late_takes_a_job_from_nobody(database: Database) -> None:
    add(database, "one")
    [late] = claim(database)
    assert claim(database, at=NOW + MINUTE)

    fail(database, late)

    assert claim(database, at=NOW + MINUTE) == []


def test_what_a_killed_process_had_leased_is_given_back(database: Database) -> None:
    add(database, "one")
    claim(database)
    with database.transaction() as session:
        jobs.release_leases(session)
    assert names(claim(database)) == ["one"]


def test_one_that_is_rescheduled_holds_back_its_key_only(database: Database) -> None:
    add(database, "one")
    add(database, "two")
    [one] = claim(database)
    add(database, "other", key="operators")
    fail(database, one, NOW + 2 * MINUTE)

    assert names(claim(database)) == ["other"]
    assert next_due(database) == NOW  # "two", which may not pass
    assert "one" in names(claim(database, at=NOW + 2 * MINUTE))


def test_one_that_was_given_up_makes_way_for_the_next(database: Database) -> None:
    add(database, "one")
    add(database, "two")
    [one] = claim(database)
    finish(database, one, Outcome.FAILED)
    assert names(claim(database)) == ["two"]


def test_what_is_finished_stays_as_it_was_finished_first(database: Database) -> None:
    add(database, "one")
    [one] = claim(database)
    finish(database, one, Outcome.REFUSED)

    finish(database, one)
    fail(database, one)

    row = rows(database)["one"]
    assert (row.outcome, row.last_error) == (Outcome.REFUSED, "")
    assert claim(database, at=NOW + 5 * MINUTE) == []


def test_time_in_which_nobody_came_to_it_uses_up_no_patience(database: Database) -> None:
    add(database, "one")
    add(database, "two")
    much_later = NOW + timedelta(days=30)
    [one] = claim(database, at=much_later)
    assert one.deadline == much_later + jobs.PATIENCE[Kind.MESSAGE]
    fail(database, one, much_later + MINUTE)
    [one] = claim(database, at=much_later + MINUTE)
    assert one.deadline == much_later + jobs.PATIENCE[Kind.MESSAGE]


def test_what_is_not_its_own_fault_uses_up_neither_tries_nor_patience(database: Database) -> None:
    add(database, "one")
    [first] = claim(database)
    fail(database, first, NOW + MINUTE, has_failed=False)

    [again] = claim(database, at=NOW + MINUTE)

    assert again.attempts == 1
    assert again.deadline == first.deadline + MINUTE


def test_p8_an_address_of_an_answer_is_erased_once_the_job_is_finished(database: Database) -> None:
    add(database, "one", kind=Kind.REPLY, reply_address=URL)
    [one] = claim(database, kind=Kind.REPLY)
    assert one.reply_address == URL
    finish(database, one)
    assert rows(database)["one"].reply_address is None


@pytest.mark.parametrize("kind", [Kind.HOME, Kind.ACCOUNT])
def test_of_what_nobody_asks_about_later_nothing_is_left(database: Database, kind: Kind) -> None:
    add(database, "one", kind=kind)
    [one] = claim(database, kind=kind)
    finish(database, one)
    assert rows(database) == {}


def test_finished_jobs_are_deleted_after_their_time_a_few_at_once(database: Database) -> None:
    for number in range(5):
        add(database, str(number), key=f"user:{number}")
    for job in claim(database, most=4):
        finish(database, job)

    def delete(before: datetime) -> int:
        with database.transaction() as session:
            return jobs.delete_finished(session, before, most=3)

    assert [delete(NOW)] == [0]
    assert [delete(NOW + MINUTE) for _ in range(3)] == [3, 1, 0]
    assert set(rows(database)) == {"4"}


def test_nothing_is_left_of_a_change_that_was_rolled_back(database: Database) -> None:
    def change() -> None:
        with database.transaction() as session:
            jobs.add(session, Kind.MESSAGE, {"name": "never"}, ordering_key="user:1", at=NOW)
            session.flush()
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        change()
    assert claim(database) == []


def test_how_many_wait_and_since_when_can_be_told(database: Database) -> None:
    with database.reading() as session:
        assert snapshot(session, NOW).jobs[Kind.MESSAGE].count == 0
    assert next_due(database) is None
    add(database, "one")
    add(database, "two", at=NOW + MINUTE)
    with database.reading() as session:
        waiting = snapshot(session, NOW).jobs[Kind.MESSAGE]
    assert (waiting.count, waiting.since) == (2, NOW)


def test_since_when_the_installation_is_refused_can_be_told(database: Database) -> None:
    add(database, "one")
    [one] = claim(database)
    fail(database, one, has_failed=False, held_at=NOW)
    [one] = claim(database)
    with database.transaction() as session:
        jobs.reschedule(
            session, one, NOW, error="token_revoked", has_failed=False, held_at=NOW + MINUTE
        )
    with database.reading() as session:
        [(code, held)] = snapshot(session, NOW).held.items()
    assert (code, held.count, held.since) == ("token_revoked", 1, NOW)

    [one] = claim(database)
    finish(database, one)
    with database.reading() as session:
        assert snapshot(session, NOW).held == {}


def test_what_a_clock_that_was_wrong_had_leased_or_rescheduled_does_not_wait_for_that_day(
    database: Database,
) -> None:
    tomorrow = NOW + timedelta(days=1)
    add(database, "one", at=tomorrow)
    assert claim(database, at=tomorrow)  # and its worker is killed

    [one] = claim(database)

    fail(database, one, tomorrow)
    assert names(claim(database)) == ["one"]


def test_the_lease_of_a_machine_whose_clock_is_a_little_ahead_holds(database: Database) -> None:
    add(database, "one")
    assert claim(database, at=NOW + timedelta(seconds=50))
    assert claim(database) == []
