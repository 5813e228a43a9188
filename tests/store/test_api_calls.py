"""Several processes with one token: the calls of each count for all."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, func, select

from bench.statements import statements
from bot.database_url import database_url
from bot.providers.base import BudgetSpent, Purpose
from bot.providers.call_budget import CallBudget
from bot.store.api_calls import CallLedger
from bot.store.database import Database
from bot.store.tables import ApiCallRow
from tests.postgresql import PostgresServer
from tests.scenarios.world import ManualClock

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOON = datetime(2026, 11, 25, 12, 0, 5, tzinfo=UTC)
LIMITS = (20, 100)  # in a minute, and in an hour


class Processes:
    """Two processes on one database, with one clock."""

    def __init__(self, database: Database) -> None:
        self.clock = ManualClock()
        self.one, self.other = (
            CallBudget(self.clock, lambda: LIMITS, CallLedger(database)) for _ in range(2)
        )


@pytest.fixture
def processes(database: Database) -> Processes:
    """See `Processes`."""
    return Processes(database)


def spend(budget: CallBudget, purpose: Purpose, times: int) -> int:
    """Make calls; return how many were let through."""
    made = 0
    for _ in range(times):
        try:
            budget.spend(purpose)
        except BudgetSpent:
            break
        made += 1
    return made


def test_what_one_has_spent_another_cannot_spend_again(processes: Processes) -> None:
    assert spend(processes.one, Purpose.ENDS, 15) == 15
    assert spend(processes.other, Purpose.ENDS, 15) == 5

    processes.clock.advance(seconds=71)

    assert spend(processes.other, Purpose.ENDS, 30) == 20


def test_p3_what_others_make_leaves_the_calls_of_ends_to_everybody(processes: Processes) -> None:
    started = spend(processes.one, Purpose.STARTS, 20) + spend(processes.other, Purpose.STARTS, 20)

    assert started == 14  # 70 % of them, together
    assert spend(processes.other, Purpose.ENDS, 20) == 6


def test_the_share_of_pages_is_one_for_all(processes: Processes) -> None:
    assert spend(processes.one, Purpose.PAGES, 20) == 4
    assert spend(processes.other, Purpose.PAGES, 20) == 0


def test_the_hour_is_shared_too(processes: Processes) -> None:
    for _ in range(5):
        assert spend(processes.one, Purpose.ENDS, 20) == 20
        processes.clock.advance(seconds=71)

    assert spend(processes.other, Purpose.ENDS, 20) == 0


def test_what_the_calls_were_for_is_told_of_all(processes: Processes) -> None:
    spend(processes.one, Purpose.STARTS, 3)
    spend(processes.other, Purpose.ENDS, 1)

    assert processes.other.made().by_purpose["starts"] == 3


def test_a_process_does_not_wait_for_what_others_spent_long_ago(processes: Processes) -> None:
    spend(processes.one, Purpose.ENDS, 20)
    assert spend(processes.other, Purpose.ENDS, 1) == 0
    assert processes.other.room(Purpose.ENDS) == 0

    processes.clock.advance(seconds=71)

    assert processes.other.room(Purpose.ENDS) == 20


def test_calls_of_the_future_do_not_count_for_ever(database: Database) -> None:
    CallLedger(database).note("ends", NOON + timedelta(hours=3))

    assert CallLedger(database).of_others(NOON, (HOUR,)) == [{}]


def test_a_process_forgets_its_own_calls_after_an_hour(database: Database) -> None:
    ledger = CallLedger(database)
    for minutes in range(180):
        ledger.note("checks", NOON + timedelta(minutes=minutes))

    with database.reading() as session:
        assert session.exec(select(func.count()).select_from(ApiCallRow)).one() <= 62
        first = session.exec(select(func.min(col(ApiCallRow.began_at)))).one()
    assert first is not None
    assert CallLedger(database).of_others(NOON + timedelta(minutes=179), (MINUTE, HOUR)) == [
        {"checks": 2},
        {"checks": 61},
    ]


def test_without_a_database_each_counts_its_own(postgresql: PostgresServer) -> None:
    nowhere = postgresql.url("there_is_no_such_database")
    budget = CallBudget(ManualClock(), lambda: LIMITS, CallLedger(Database(database_url(nowhere))))

    assert spend(budget, Purpose.ENDS, 30) == 20


def test_while_half_are_left_the_others_are_not_read_before_each_call(database: Database) -> None:
    clock = ManualClock()
    budget = CallBudget(clock, lambda: LIMITS, CallLedger(database))

    with statements(database) as sent:
        spend(budget, Purpose.ENDS, 8)
        assert sent.count("SELECT api_calls") == 1
        clock.advance(seconds=1)
        spend(budget, Purpose.ENDS, 2)
        assert sent.count("SELECT api_calls") == 2
        spend(budget, Purpose.ENDS, 10)

    assert sent.count("SELECT api_calls") == 2 + 10, "each of the second half"
