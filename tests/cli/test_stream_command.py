"""`dbaccess stream`: how far the receiver is, a test event, and rows that are sent again."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.store import audit, stream
from bot.store.database import Database
from tests.cli.test_command_line import run
from tests.processes import CONFIG
from tests.stream.senders import Sender
from tests.stream.siem import OLD_SECRET, SECRET, Siem, answers, free_port, serving


@pytest.fixture
def siem() -> Iterator[Siem]:
    with serving() as siem:
        yield siem


@pytest.fixture
def sender(
    empty_database: Database, siem: Siem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sender]:
    """Three rows of ten days ago and three of now are delivered, two are not."""
    monkeypatch.setenv("DBACCESS_STREAM_SECRET", SECRET)
    (tmp_path / "dbaccess.toml").write_text(CONFIG + f'\n[stream]\nurl = "{siem.url}"\n')
    with closing(empty_database), closing(Sender(empty_database, siem.url)) as sender:
        sender.clock.advance(days=-10)
        sender.write(3)
        sender.clock.advance(days=10)
        sender.write(3)
        sender.send()
        sender.write(2)
        siem.arrivals.clear()
        siem.taken.clear()
        yield sender


def test_it_says_how_far_the_receiver_is(sender: Sender, siem: Siem) -> None:
    printed = run("stream")
    place = siem.url.split("/")[2]
    assert printed.exit_code == 0
    assert printed.stdout.splitlines()[0] == f"receiver   {place}"
    assert printed.stdout.splitlines()[1].startswith("delivered  6 rows, the last ")
    assert printed.stdout.splitlines()[2].startswith("waiting    2 rows, the oldest for ")
    assert len(printed.stdout.splitlines()) == 3
    found = json.loads(run("stream", "--json").stdout)
    assert (found["receiver"], found["delivered"], found["waiting"]) == (place, 6, 2)
    assert (found["failing_since"], found["error"], found["next_try_at"]) == (None, None, None)


def test_it_says_what_fails_since_when_and_when_it_is_tried_again(
    sender: Sender, siem: Siem
) -> None:
    siem.answer = answers(503, Retry_After="3000")
    sender.send()

    printed = run("stream").stdout

    assert "it answered 503 (Service Unavailable). Next try in " in printed
    found = json.loads(run("stream", "--json").stdout)
    assert found["error"] == "it answered 503 (Service Unavailable)"
    assert found["failing_since"] is not None
    assert found["next_try_at"] > found["failing_since"]


@pytest.mark.usefixtures("sender")
def test_a_reason_that_is_a_question_ends_with_its_own_mark(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    (tmp_path / "dbaccess.toml").write_text(CONFIG + f'\n[stream]\nurl = "{url}"\n')

    assert "does a firewall let it through?\n" in run("stream", "ping").stderr


@pytest.mark.usefixtures("sender")
def test_a_test_event_is_sent_or_it_says_why_not(siem: Siem) -> None:
    printed = run("stream", "ping")
    assert printed.exit_code == 0
    assert siem.taken[0].event["id"] in printed.stdout

    refused = run("stream", "ping", DBACCESS_STREAM_SECRET=OLD_SECRET)

    assert refused.exit_code == 1
    assert "it answered 401 (Unauthorized)." in refused.output


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--since", "1d"], [4, 5, 6]),
        (["--since", "30d"], [1, 2, 3, 4, 5, 6]),
        (["--from", "3"], [3, 4, 5, 6]),
        (["--from", "6"], [6]),
    ],
)
def test_rows_are_sent_again_as_they_were_up_to_where_the_stream_is(
    sender: Sender, siem: Siem, options: list[str], numbers: list[int]
) -> None:
    before = sender.cursor()

    printed = run("stream", "replay", *options)

    assert printed.exit_code == 0, printed.output
    assert siem.numbers == numbers
    assert f", {numbers[0]} to 6, to " in printed.stdout
    assert sender.cursor() == before
    with sender.database.reading() as session:
        rows = stream.rows(session, 1, most=9)
    assert [one.event["id"] for one in siem.taken] == [
        f"test-{number}-{rows[number - 1].digest[:16]}" for number in numbers
    ]
    assert [one.event["data"]["previous"] for one in siem.taken] == [
        "0" * 64 if number == 1 else rows[number - 2].digest for number in numbers
    ]


def test_a_replay_is_on_record_with_who_typed_it(sender: Sender) -> None:
    run("stream", "replay", "--from", "2")

    with sender.database.reading() as session:
        *_, last = audit.rows(session)
    assert (last.action, last.actor) == ("stream.replayed", "operator")
    assert (last.detail["first"], last.detail["last"]) == (2, 6)
    assert "operator" in last.detail


def test_a_dry_run_sends_and_records_nothing(sender: Sender, siem: Siem) -> None:
    printed = run("stream", "replay", "--since", "1d", "--dry-run")

    assert printed.stdout.startswith("Would send 3 rows, 4 to 6, to 127.0.0.1:")
    assert siem.arrivals == []
    assert "stream.replayed" not in sender.actions()


def test_the_live_stream_goes_on_where_it_was_beside_a_replay(sender: Sender, siem: Siem) -> None:
    run("stream", "replay", "--from", "1")
    sender.send()
    assert siem.numbers == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_a_replay_waits_for_a_receiver_that_is_busy(sender: Sender, siem: Siem) -> None:
    siem.answer = answers(503)
    tries = iter([siem.answer, siem.answer])

    def once_more() -> None:
        siem.answer = next(tries, answers(200))

    siem.on_arrival = once_more
    printed = run("stream", "replay", "--from", "6")
    assert printed.exit_code == 0, printed.output
    assert [one.number for one in siem.arrivals] == [6, 6, 6]


def test_a_replay_that_is_refused_says_where_to_go_on(sender: Sender, siem: Siem) -> None:
    def refuse_the_third() -> None:
        if len(siem.arrivals) == 3:
            siem.answer = answers(413)

    siem.on_arrival = refuse_the_third
    printed = run("stream", "replay", "--from", "2")

    assert printed.exit_code == 1
    assert "it answered 413" in printed.output
    assert "To go on: `dbaccess stream replay --from 4`." in printed.output


@pytest.mark.usefixtures("sender")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", "7"], "None of these rows was delivered yet. The worker sends them."),
        (["--since", "2099-01-01"], "There are no rows since 2099-01-01."),
        (["--since", "soon"], "Can't read `soon` as a time."),
    ],
)
def test_where_there_is_nothing_to_send_it_says_so(options: list[str], words: str) -> None:
    printed = run("stream", "replay", *options)
    assert printed.exit_code == 1
    assert words in printed.output


@pytest.mark.usefixtures("sender")
@pytest.mark.parametrize("options", [[], ["--from", "1", "--since", "1d"], ["--from", "0"]])
def test_what_is_typed_wrongly_is_a_fault_of_usage(options: list[str]) -> None:
    assert run("stream", "replay", *options).exit_code == 2


@pytest.mark.parametrize("command", [[], ["ping"], ["replay", "--from", "1"]])
def test_without_a_stream_it_says_so(
    empty_database: Database, tmp_path: Path, command: list[str]
) -> None:
    with closing(empty_database):
        (tmp_path / "dbaccess.toml").write_text(CONFIG)
        printed = run("stream", *command)
    assert printed.exit_code == 1
    assert printed.output.strip() == "No stream is set up: dbaccess.toml has no [stream]."
