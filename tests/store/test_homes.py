"""Homes: who is concerned by a change, and no change forgotten."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bot.store import homes, jobs
from bot.store.database import Database
from bot.store.homes import Home
from bot.store.jobs import Job, Kind, Outcome
from bot.store.next_due import LeadTimes, read_next_due

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
AT_ONCE = LeadTimes(timedelta(), timedelta(), timedelta())
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
RITA, ALICE = "U0RITA", "U0ALICE"


def opens(database: Database, user: str, *, at: datetime = NOW) -> None:
    with database.transaction() as session:
        homes.opened(session, user, "T0HOME", at)


def touch(database: Database, user: str, *, cluster: str | None = None, at: datetime = NOW) -> None:
    with database.transaction() as session:
        homes.touch(session, user, cluster=cluster, at=at)


def claim(database: Database, *, at: datetime = NOW, most: int = 8) -> list[Job]:
    with database.transaction() as session:
        until = at + MINUTE
        return jobs.claim(session, Kind.HOME, at, until=until, most=most, most_retried=most)


def publish(database: Database, job: Job, *approves: str) -> None:
    with database.transaction() as session:
        homes.approves(session, homes.home_of(job), approves)
        jobs.finish(session, job.id, NOW, Outcome.DONE)


def published(database: Database, user: str, *approves: str, at: datetime = NOW) -> None:
    """Let somebody open theirs, and draw it."""
    opens(database, user, at=at)
    [home] = claim(database, at=at)
    publish(database, home, *approves)


def whose(claimed: list[Job]) -> list[str]:
    return [homes.home_of(job).user_id for job in claimed]


def next_due(database: Database) -> datetime | None:
    with database.reading() as session:
        return read_next_due(session, AT_ONCE).times[Kind.HOME]


def test_a_home_that_was_opened_is_drawn_once(database: Database) -> None:
    opens(database, RITA)
    opens(database, RITA, at=NOW + MINUTE)

    [home] = claim(database, at=NOW + MINUTE)
    assert homes.home_of(home) == Home(RITA, "T0HOME")
    assert claim(database, at=NOW + MINUTE) == []
    publish(database, home)

    assert claim(database, at=NOW + DAY) == []
    assert next_due(database) is None


def test_a_change_concerns_the_person_and_the_approvers_of_its_cluster(
    database: Database,
) -> None:
    published(database, RITA)
    published(database, ALICE, "orders", "billing")
    published(database, "U0BOB", "billing")

    touch(database, RITA, cluster="orders")

    assert sorted(whose(claim(database))) == [ALICE, RITA]


def test_a_change_without_a_cluster_concerns_the_person_only(database: Database) -> None:
    published(database, RITA)
    published(database, ALICE, "orders")

    touch(database, RITA)

    assert whose(claim(database)) == [RITA]


def test_a_home_that_was_opened_too_long_ago_is_left_alone(database: Database) -> None:
    published(database, RITA, at=NOW - DAY)
    published(database, ALICE, at=NOW - DAY + MINUTE)

    touch(database, RITA)
    touch(database, ALICE)

    assert whose(claim(database)) == [ALICE]


def test_a_change_while_it_is_drawn_makes_it_due_again(database: Database) -> None:
    opens(database, RITA)
    [home] = claim(database)

    touch(database, RITA)
    touch(database, RITA)
    assert claim(database) == []
    publish(database, home)

    [again] = claim(database)
    publish(database, again)
    assert claim(database) == []


def test_opening_it_while_it_is_drawn_makes_it_due_again(database: Database) -> None:
    opens(database, RITA)
    [home] = claim(database)

    opens(database, RITA)
    publish(database, home)

    assert whose(claim(database)) == [RITA]


def test_an_approver_is_known_as_one_before_theirs_is_drawn(database: Database) -> None:
    opens(database, ALICE)
    [home] = claim(database)
    with database.transaction() as session:
        homes.approves(session, homes.home_of(home), {"orders"})

    touch(database, RITA, cluster="orders")
    with database.transaction() as session:
        jobs.finish(session, home.id, NOW, Outcome.DONE)

    assert whose(claim(database)) == [ALICE]


def change_in_vain(database: Database) -> None:
    with database.transaction() as session:
        homes.touch(session, RITA, cluster="orders", at=NOW)
        raise RuntimeError("in the middle")


def test_a_change_that_was_rolled_back_draws_nothing(database: Database) -> None:
    published(database, RITA)

    with pytest.raises(RuntimeError, match="in the middle"):
        change_in_vain(database)

    assert claim(database) == []


def test_one_that_was_forgotten_while_it_was_drawn_stays_so(database: Database) -> None:
    opens(database, RITA)
    [home] = claim(database)
    with database.transaction() as session:
        homes.forget(session, RITA)

    publish(database, home, "orders")
    touch(database, RITA)

    assert claim(database) == []


def test_changes_at_the_same_moment_all_count_and_do_not_wait_for_each_other_in_a_circle(
    database: Database,
) -> None:
    for user in (RITA, ALICE):
        published(database, user)

    def change(number: int) -> None:
        users = (RITA, ALICE) if number % 2 else (ALICE, RITA)
        with database.transaction() as session:
            for user in users:
                homes.touch(session, user, cluster=None, at=NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, range(40)))

    assert sorted(whose(claim(database))) == [ALICE, RITA]
