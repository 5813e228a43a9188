"""Errands: each interaction counts once, and is carried out although a process dies with it."""

from datetime import UTC, datetime, timedelta

from sqlmodel import select

from bot.domain.commands import Command, Decide, Extend
from bot.domain.lifecycle import Verdict
from bot.store import errands
from bot.store.database import Database
from bot.store.errands import Errand, ReplyTo
from bot.store.next_due import read_next_due
from bot.store.tables import ErrandRow

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
APPROVE = Decide(request_id=1, verdict=Verdict.APPROVE)
URL = "https://hooks.slack.example/actions/1"


def add(database: Database, origin: str, command: Command = APPROVE, *, at: datetime = NOW) -> bool:
    with database.transaction() as session:
        return errands.add(
            session,
            command,
            reply_to=ReplyTo("U0ALICE", URL),
            team_id="T0HOME",
            origin=origin,
            at=at,
        )


def claim(database: Database, *, at: datetime = NOW, most: int = 8) -> list[Errand]:
    with database.transaction() as session:
        return errands.claim(session, at, until=at + MINUTE, most=most)


def origins(claimed: list[Errand]) -> list[str]:
    return [errand.origin for errand in claimed]


def test_an_errand_comes_back_as_it_was_written_down(database: Database) -> None:
    command = Extend(grant_id=17, duration=timedelta(hours=1))
    add(database, "press:1", command)
    [errand] = claim(database)
    assert errand.command == command
    assert errand.user_id == "U0ALICE"
    assert errand.team_id == "T0HOME"
    assert errand.reply_to == ReplyTo("U0ALICE", URL)
    assert errand.received_at == NOW


def test_an_errand_that_another_version_saved_holds_up_no_other(database: Database) -> None:
    add(database, "press:1")
    with database.transaction() as session:
        [row] = session.exec(select(ErrandRow))
        row.command = {"kind": "a_command_of_old"}
    add(database, "press:2")

    assert origins(claim(database)) == ["press:2"]
    with database.reading() as session:
        unreadable = session.get_one(ErrandRow, row.id)
        assert (unreadable.outcome, unreadable.reply) == ("unreadable", {})
        assert unreadable.done_at == NOW


def test_the_same_interaction_is_written_down_once(database: Database) -> None:
    assert add(database, "press:1")
    assert not add(database, "press:1")
    assert add(database, "press:2")
    assert origins(claim(database)) == ["press:1", "press:2"]


def test_an_interaction_that_is_done_is_still_known_when_it_is_repeated(
    database: Database,
) -> None:
    add(database, "press:1")
    [errand] = claim(database)
    with database.transaction() as session:
        errands.finish(session, errand.id, NOW, "done")
    assert not add(database, "press:1")
    assert claim(database, at=NOW + 5 * MINUTE) == []


def test_errands_are_claimed_in_the_order_in_which_they_came(database: Database) -> None:
    for number in range(4):
        add(database, f"press:{number}")
    assert origins(claim(database, most=3)) == ["press:0", "press:1", "press:2"]
    assert origins(claim(database, most=3)) == ["press:3"]


def test_a_claim_that_runs_out_makes_the_errand_free_again(database: Database) -> None:
    add(database, "press:1")
    claim(database)
    assert claim(database, at=NOW + timedelta(seconds=59)) == []
    assert origins(claim(database, at=NOW + MINUTE)) == ["press:1"]


def test_what_a_killed_process_had_claimed_is_given_back(database: Database) -> None:
    add(database, "press:1")
    claim(database)
    with database.transaction() as session:
        errands.release_claims(session)
    assert origins(claim(database)) == ["press:1"]


def test_an_errand_that_is_rescheduled_waits_until_then(database: Database) -> None:
    add(database, "press:1")
    [errand] = claim(database)
    with database.transaction() as session:
        errands.reschedule(session, errand.id, NOW + MINUTE)
    with database.reading() as session:
        assert read_next_due(session).times["errands"] == NOW + MINUTE
    assert claim(database) == []
    assert origins(claim(database, at=NOW + MINUTE)) == ["press:1"]


def test_nothing_is_due_where_there_is_nothing_to_do(database: Database) -> None:
    with database.reading() as session:
        assert read_next_due(session).times["errands"] is None
    assert claim(database) == []


def test_what_a_clock_that_was_wrong_had_claimed_does_not_wait_for_that_day(
    database: Database,
) -> None:
    tomorrow = NOW + timedelta(days=1)
    add(database, "press:1", at=tomorrow)
    assert claim(database, at=tomorrow)  # and its worker is killed

    assert origins(claim(database)) == ["press:1"]
