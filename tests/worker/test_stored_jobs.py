"""Each job ends, nothing waits for ever, and what is stuck takes no thread from what is not."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, SQLModel, select
from structlog.testing import capture_logs

from bot.retry import (
    Backoff,
    HopelessError,
    InstallationError,
    NotYet,
    PermanentError,
    TemporaryError,
    UnknownError,
)
from bot.store import jobs
from bot.store.database import Database
from bot.store.jobs import Job, Kind, Outcome
from bot.store.tables import JobRow
from bot.worker.stored_jobs import PROBE_SECONDS, TRIES, StoredJobs
from tests.scenarios.world import ManualClock


class Calls:
    """A handler that does what a test says, by the name of the job."""

    backoff = Backoff(1.0, 60.0, longest_asked_seconds=600.0)

    def __init__(self) -> None:
        self.raises: dict[str, Exception] = {}
        self.done: list[str] = []
        self.told: list[tuple[str, str]] = []
        self.fails_to_tell = False

    def handle(self, job: Job) -> Callable[[Session], None]:
        name = job.payload["name"]
        if name in self.raises:
            raise self.raises[name]
        self.done.append(name)
        return jobs.nothing_more

    def give_up(self, _session: Session, job: Job, error: str) -> None:
        if self.fails_to_tell:
            raise RuntimeError("nobody to tell")
        self.told.append((job.payload["name"], error))


class Queue:
    """Stored jobs with a handler, by a clock that a test moves."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = ManualClock()
        self.calls = Calls()
        self.restart()

    def restart(self) -> None:
        self.stored = StoredJobs(Kind.MESSAGE, self.calls, self.database, self.clock, concurrency=4)

    def add(self, *names: str, patience: timedelta | None = None) -> None:
        for name in names:
            with self.database.transaction() as session:
                jobs.add(
                    session,
                    Kind.MESSAGE,
                    {"name": name},
                    ordering_key=name,
                    at=self.clock.now(),
                    patience=patience,
                )

    def run(self, **later: float) -> int:
        """Handle what is due once; return how much that was."""
        self.clock.advance(**later)
        claimed = self.stored.claim(most=4)
        for job in claimed:
            self.stored.handle(job)
        return len(claimed)

    def run_on(self, *, minutes: int) -> None:
        for _ in range(minutes * 60):
            self.run(seconds=1)

    def row(self, name: str) -> JobRow:
        with self.database.reading() as session:
            rows = session.exec(select(JobRow))
            return next(row for row in rows if row.payload["name"] == name)


@pytest.fixture
def queue() -> Iterator[Queue]:
    database = Database("sqlite:///:memory:")
    SQLModel.metadata.create_all(database.engine)
    yield Queue(database)
    database.close()


def test_a_job_that_succeeds_is_done(queue: Queue) -> None:
    queue.add("one")
    assert queue.run() == 1
    assert queue.row("one").outcome == Outcome.DONE
    assert queue.run() == 0


def test_what_is_temporary_is_tried_again_less_and_less_often_until_it_succeeds(
    queue: Queue,
) -> None:
    queue.add("one")
    queue.calls.raises["one"] = TemporaryError("internal_error")
    tries = sum(queue.run(seconds=1) for _ in range(3600))
    assert 55 < tries < 100
    queue.calls.raises.clear()
    queue.run_on(minutes=2)
    assert queue.row("one").outcome == Outcome.DONE


def test_what_is_temporary_for_longer_than_its_patience_is_given_up_and_told(queue: Queue) -> None:
    queue.add("one", patience=timedelta(minutes=5))
    queue.calls.raises["one"] = TemporaryError("internal_error")
    queue.run_on(minutes=4)
    assert queue.calls.told == []
    queue.run_on(minutes=3)
    assert queue.row("one").outcome == Outcome.FAILED
    assert queue.calls.told == [("one", "internal_error")]


def test_a_job_that_never_heals_shows_that_the_installation_is_accepted(
    queue: Queue,
) -> None:
    queue.add("one", "two", "three")
    queue.calls.raises = dict.fromkeys(("one", "two", "three"), InstallationError("token_revoked"))
    queue.run()
    queue.calls.raises = dict.fromkeys(("one", "two"), PermanentError("not_in_channel"))
    assert queue.run(seconds=PROBE_SECONDS) == 1
    assert queue.run() == 2, "it is no longer held"
    assert queue.calls.done == ["three"]


def test_a_job_that_cannot_even_be_tried_has_the_next_one_find_out(queue: Queue) -> None:
    queue.add("one", "two", "three")
    queue.calls.raises = dict.fromkeys(("one", "two", "three"), InstallationError("token_revoked"))
    queue.run()
    queue.calls.raises = dict.fromkeys(("one", "two"), HopelessError("unreadable"))
    assert queue.run(seconds=PROBE_SECONDS) == 1
    while queue.run():
        pass
    assert queue.calls.done == ["three"]


def test_an_error_that_nobody_knows_is_tried_a_few_times_and_then_told(queue: Queue) -> None:
    queue.add("one", "two")
    queue.calls.raises["one"] = UnknownError("a_code_of_next_year")
    queue.calls.raises["two"] = RuntimeError("a fault of ours")
    queue.run_on(minutes=2)
    assert sorted(queue.calls.told) == [("one", "a_code_of_next_year"), ("two", "RuntimeError")]
    assert queue.row("one").attempts == queue.row("two").attempts == TRIES


def test_only_failures_for_an_unknown_reason_count_as_tries(queue: Queue) -> None:
    queue.add("one")
    queue.calls.raises["one"] = TemporaryError("internal_error")
    queue.run_on(minutes=10)
    queue.calls.raises["one"] = UnknownError("a_code_of_next_year")
    for _ in range(TRIES - 1):
        queue.run(minutes=10)
    assert queue.calls.told == []
    queue.run(minutes=10)
    assert queue.calls.told == [("one", "a_code_of_next_year")]


def test_waiting_for_its_turn_between_tries_makes_them_no_fewer(queue: Queue) -> None:
    queue.add("one")
    for _ in range(TRIES):
        queue.calls.raises["one"] = NotYet("in its turn", 1)
        queue.run(minutes=10)
        queue.calls.raises["one"] = UnknownError("a_code_of_next_year")
        queue.run(minutes=10)
    assert queue.row("one").outcome == Outcome.FAILED


def test_a_long_wait_for_a_turn_lets_newer_ones_go_first(queue: Queue) -> None:
    stuck = [f"stuck {number}" for number in range(4)]
    queue.add(*stuck)
    queue.calls.raises = {name: NotYet("in its turn", 3600) for name in stuck}
    queue.run()
    queue.add("new")
    assert queue.run(seconds=1) == 1
    assert queue.calls.done == ["new"]
    assert sum(queue.run(minutes=1) for _ in range(9)) == 0


def test_after_long_refusal_a_temporary_error_gives_nothing_up(queue: Queue) -> None:
    names = [str(number) for number in range(5)]
    queue.add(*names)
    queue.calls.raises = {name: InstallationError("token_revoked") for name in names}
    for _ in range(73):
        queue.run(hours=1)
    queue.calls.raises = {name: TemporaryError("ratelimited") for name in names}
    queue.run_on(minutes=2)
    assert queue.calls.told == []
    queue.calls.raises.clear()
    queue.run_on(minutes=3)
    assert sorted(queue.calls.done) == names


def test_one_that_alone_is_refused_does_not_stop_the_others(queue: Queue) -> None:
    queue.add("bad", "good 1", "good 2")
    queue.calls.raises["bad"] = InstallationError("missing_scope")
    queue.run()
    queue.run_on(minutes=2)
    assert sorted(queue.calls.done) == ["good 1", "good 2"]
    queue.run_on(minutes=5)
    queue.add("good 3")
    queue.run(seconds=1)
    assert "good 3" in queue.calls.done


def test_whoever_refuses_one_message_for_good_takes_others(queue: Queue) -> None:
    names = [f"gone {number}" for number in range(10)]
    queue.add(*names, "good")
    queue.calls.raises = {name: InstallationError("account_inactive") for name in names}
    queue.run()
    queue.calls.raises = {name: PermanentError("not_in_channel") for name in names}
    queue.run_on(minutes=1)
    assert queue.calls.done == ["good"]


def test_what_is_permanent_is_given_up_at_once_and_told(queue: Queue) -> None:
    queue.add("one")
    queue.calls.raises["one"] = PermanentError("is_archived")
    queue.run()
    assert queue.calls.told == [("one", "is_archived")]
    assert queue.row("one").last_error == "is_archived"


def test_a_job_ends_even_if_nobody_can_be_told(queue: Queue) -> None:
    queue.add("one")
    queue.calls.raises["one"] = PermanentError("is_archived")
    queue.calls.fails_to_tell = True
    queue.run()
    assert queue.row("one").outcome == Outcome.FAILED


def test_what_is_not_its_turn_uses_up_no_try(queue: Queue) -> None:
    queue.add("one")
    queue.calls.raises["one"] = NotYet("in its turn", 5)
    for _ in range(3 * TRIES):
        queue.run(seconds=5)
    assert queue.row("one").attempts == 0
    queue.calls.raises.clear()
    assert queue.run(seconds=5) == 1


def test_forty_that_are_stuck_do_not_delay_what_is_new(queue: Queue) -> None:
    stuck = [f"stuck {number}" for number in range(40)]
    queue.add(*stuck)
    queue.calls.raises = {name: TemporaryError("internal_error") for name in stuck}
    for _ in range(20):
        queue.run(seconds=1)
    in_progress = queue.stored.claim(most=4)  # and their calls hang
    queue.add("new")
    claimed = queue.stored.claim(most=4 - len(in_progress))
    assert len(in_progress) == 2
    assert [job.payload["name"] for job in claimed] == ["new"]


def test_while_the_installation_is_refused_one_call_at_times_finds_out_whether_it_still_is(
    queue: Queue,
) -> None:
    queue.add("one", "two", "three")
    queue.calls.raises = {
        name: InstallationError("token_revoked") for name in ("one", "two", "three")
    }
    queue.run()
    tries = sum(queue.run(seconds=1) for _ in range(600))
    assert tries == 600 // PROBE_SECONDS

    queue.calls.raises.clear()
    queue.clock.advance(days=30)
    queue.run_on(minutes=1)

    assert sorted(queue.calls.done) == ["one", "three", "two"]
    assert queue.calls.told == []


def test_a_refused_installation_is_logged_once_and_again_when_it_is_accepted(queue: Queue) -> None:
    queue.add("one", "two")
    queue.calls.raises = {name: InstallationError("invalid_auth") for name in ("one", "two")}
    with capture_logs() as logs:
        queue.run_on(minutes=5)
        queue.calls.raises.clear()
        queue.run_on(minutes=1)
    assert [entry["event"] for entry in logs] == [
        "installation refused",
        "installation accepted",
    ]


def test_after_a_restart_a_refused_installation_is_tried_within_a_minute(queue: Queue) -> None:
    queue.add("one")
    queue.calls.raises["one"] = InstallationError("token_revoked")
    queue.run()
    queue.restart()
    queue.calls.raises.clear()
    queue.run_on(minutes=1)
    assert queue.row("one").outcome == Outcome.DONE
    assert queue.row("one").held_since is None


def test_the_same_error_of_many_jobs_is_logged_once_and_not_at_each_try(queue: Queue) -> None:
    names = [str(number) for number in range(8)]
    queue.add(*names)
    queue.calls.raises = {name: TemporaryError("internal_error") for name in names}
    with capture_logs() as logs:
        queue.run_on(minutes=10)
    assert [(entry["event"], entry["error"]) for entry in logs] == [
        ("job rescheduled", "internal_error")
    ]


def test_a_clock_that_was_set_back_holds_nothing_until_that_day(queue: Queue) -> None:
    queue.add("one")
    queue.calls.raises["one"] = InstallationError("token_revoked")
    queue.run()
    queue.calls.raises.clear()
    queue.clock.advance(hours=-5)
    queue.run_on(minutes=2)
    assert queue.row("one").outcome == Outcome.DONE


def test_patience_is_that_of_the_kind() -> None:
    assert set(jobs.PATIENCE) == set(Kind)
    assert all(timedelta() < patience for patience in jobs.PATIENCE.values())
