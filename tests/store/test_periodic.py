"""Periodic jobs: of several workers' runs of a job, the last one is kept."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from bot.store.database import Database
from bot.store.periodic import JobRun, last_runs, record_runs
from tests.waiting import eventually

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def record(
    database: Database,
    *runs: JobRun,
    jobs: str = "expiry",
    started_at: datetime = NOW,
    now: datetime = NOW,
) -> None:
    with database.transaction() as session:
        record_runs(
            session,
            runs,
            intervals=dict.fromkeys(jobs.split(), SECOND),
            started_at=started_at,
            now=now,
        )


def recorded(database: Database) -> list[JobRun]:
    with database.reading() as session:
        return last_runs(session)


def test_a_worker_whose_run_was_earlier_overwrites_no_later_one(database: Database) -> None:
    earlier = JobRun("expiry", SECOND, NOW - SECOND, failing_since=NOW - SECOND)
    later = JobRun("expiry", SECOND, NOW)
    record(database, earlier)
    record(database, later)
    assert recorded(database) == [later]
    record(database, earlier)
    assert recorded(database) == [later]


def test_a_run_that_a_clock_noted_ahead_of_time_is_overwritten(database: Database) -> None:
    record(database, JobRun("expiry", SECOND, NOW + timedelta(days=1)))
    run = JobRun("expiry", SECOND, NOW)
    record(database, run)
    assert recorded(database) == [run]


def test_a_job_that_nobody_has_ever_run_is_known_from_the_first_start_on(
    database: Database,
) -> None:
    lapse = JobRun("lapse", SECOND, NOW)
    record(database, lapse, jobs="expiry lapse")
    record(database, lapse, jobs="expiry lapse", started_at=NOW + SECOND)
    assert recorded(database) == [JobRun("expiry", SECOND, NOW), lapse]

    run = JobRun("expiry", SECOND, NOW + 2 * SECOND)
    record(database, run, lapse, jobs="expiry lapse")
    record(database, lapse, jobs="expiry lapse", started_at=NOW + 3 * SECOND)
    assert recorded(database) == [run, lapse]


@pytest.mark.parametrize("storage", ["postgresql"], indirect=True)
def test_two_workers_that_write_at_the_same_time_do_not_wait_for_each_other(
    database: Database,
) -> None:
    jobs = ["expiry", "lapse", "warnings"]
    runs = [JobRun(name, SECOND, NOW) for name in jobs]
    record(database, *runs, jobs=" ".join(jobs))
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )

    def both_wait() -> bool:
        with database.reading() as session:
            return bool(session.execute(waiting).scalar_one() == 2)

    with ThreadPoolExecutor(2) as pool:
        with database.transaction() as session:
            session.execute(text("SELECT 1 FROM periodic_jobs WHERE name = 'lapse' FOR UPDATE"))
            workers = [
                pool.submit(record, database, *order, jobs=" ".join(run.name for run in order))
                for order in (runs, runs[::-1])
            ]
            eventually(both_wait)
        for worker in workers:
            worker.result()
