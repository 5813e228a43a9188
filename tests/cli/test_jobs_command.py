"""`dbaccess jobs`: what waits and why, what was given up, tried again or dropped."""

import json
from datetime import datetime, timedelta

import pytest

from bot.clock import SystemClock
from bot.domain.audit_actions import Action
from bot.store import audit, jobs
from bot.store.database import Database
from bot.store.jobs import Kind, Outcome
from tests.cli.test_command_line import run

LEASE = timedelta(seconds=25)


@pytest.fixture
def now() -> datetime:
    return SystemClock().now()


@pytest.fixture
def database(empty_database: Database, now: datetime) -> Database:
    """Three messages in one conversation, the first of them given up, and one that is held."""
    with empty_database.transaction() as session:
        for key in ("request:1", "request:1", "request:1", "user:U0RITA"):
            jobs.add(session, Kind.MESSAGE, {}, ordering_key=key, at=now)
    with empty_database.transaction() as session:
        card, held = jobs.claim(
            session, Kind.MESSAGE, now, until=now + LEASE, most=8, most_retried=8
        )
        jobs.finish(session, card.id, now, Outcome.FAILED, error="not_in_channel")
        jobs.reschedule(session, held, now, error="token_revoked", has_failed=False, held_at=now)
    return empty_database


def listed(*options: str) -> list[tuple[int, str, str]]:
    printed = run("jobs", *options, "--json")
    assert printed.exit_code == 0, printed.output
    return [(job["id"], job["state"], job["error"]) for job in json.loads(printed.stdout)]


def test_what_waits_is_listed_with_the_reason(database: Database) -> None:
    assert listed() == [(2, "waiting", ""), (3, "waiting", ""), (4, "held", "token_revoked")]
    shown = run("jobs", COLUMNS="200").stdout
    assert "request:1" in shown
    assert "token_revoked" in shown


def test_what_was_given_up_is_listed_on_request(database: Database) -> None:
    assert listed("--given-up") == [(1, "failed", "not_in_channel")]


def test_where_nothing_waits_a_sentence_says_so(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        for number in (2, 3, 4):
            jobs.finish(session, number, now, Outcome.DONE)
        jobs.delete_finished(session, now + LEASE, most=8)
    assert run("jobs").stdout == "No jobs are waiting.\n"
    assert run("jobs", "--given-up").stdout == "No jobs were given up.\n"


def test_one_that_was_given_up_is_tried_again_and_what_was_given_up_behind_it(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        jobs.finish(session, 2, now, Outcome.FAILED, error="the message above it")

    retried = run("jobs", "retry", "1")

    assert retried.stdout == "Job 1 is tried again now, with 1 behind it.\n"
    assert [number for number, _, _ in listed()] == [1, 2, 3, 4]
    assert listed("--given-up") == []


def test_all_that_were_given_up_with_one_error_are_tried_again(database: Database) -> None:
    assert run("jobs", "retry", "--error", "not_in_channel").stdout == (
        "1 message is tried again now.\n"
    )
    assert listed("--given-up") == []
    assert run("jobs", "retry", "--error", "not_in_channel").stdout == (
        "0 messages are tried again now.\n"
    )


@pytest.mark.parametrize("arguments", [[], ["1", "--error", "is_archived"]])
def test_either_a_number_or_an_error_is_named(database: Database, arguments: list[str]) -> None:
    assert run("jobs", "retry", *arguments).exit_code == 2


def test_what_is_in_progress_is_not_begun_a_second_time(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        [second] = jobs.claim(session, Kind.MESSAGE, now, until=now + LEASE, most=1, most_retried=0)
    assert run("jobs", "retry", str(second.id)).exit_code == 1


def test_an_update_that_a_later_one_replaced_is_not_tried_again(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        for _ in range(2):
            jobs.add(session, Kind.MESSAGE, {}, ordering_key="card", coalescing_key="c", at=now)
            session.flush()
            [update] = [
                job
                for job in jobs.claim(
                    session, Kind.MESSAGE, now, until=now + LEASE, most=8, most_retried=8
                )
                if job.ordering_key == "card"
            ]
            outcome = Outcome.DONE if update.id > 5 else Outcome.FAILED
            jobs.finish(session, update.id, now, outcome, error="message_not_found")
    assert run("jobs", "retry", "5").exit_code == 1
    assert run("jobs", "retry", "--error", "message_not_found").stdout.startswith("0 messages")


def test_a_command_that_was_given_up_is_not_tried_again(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        jobs.add(session, Kind.COMMAND, {}, ordering_key="press:1", at=now)
    with database.transaction() as session:
        [command] = jobs.claim(
            session, Kind.COMMAND, now, until=now + LEASE, most=8, most_retried=8
        )
        jobs.finish(session, command.id, now, Outcome.FAILED, error="RuntimeError")
    assert run("jobs", "retry", str(command.id)).exit_code == 1


def test_one_that_waits_is_dropped(database: Database) -> None:
    assert run("jobs", "drop", "2").stdout == "Job 2 is dropped.\n"
    assert [number for number, _, _ in listed()] == [3, 4]
    assert run("jobs", "drop", "2").exit_code == 1


def test_what_is_not_there_is_said(database: Database) -> None:
    for command in ("retry", "drop"):
        answer = run("jobs", command, "99")
        assert answer.exit_code == 1
        assert "99" in answer.stderr
        assert "`dbaccess jobs` lists them" in answer.stderr


def test_who_did_it_is_in_the_audit(database: Database) -> None:
    run("jobs", "retry", "1")
    run("jobs", "drop", "2")
    with database.reading() as session:
        entries = list(audit.rows(session))
    assert [(entry.action, entry.detail["job"]) for entry in entries] == [
        (Action.JOB_RETRIED, 1),
        (Action.JOB_DROPPED, 2),
    ]
    assert all(entry.detail["operator"]["account"] for entry in entries)
