"""Every row reaches the receiver, in order and at least once, whatever either goes through."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from bot.domain.audit_actions import Action
from bot.store import audit, erasure, stream
from bot.store.database import Database
from bot.stream.delivery import ALARM_AFTER, Stream
from tests.stream.senders import RITA, Sender, policy_for
from tests.stream.siem import KEY, OLD_KEY, Answer, Siem, answers, hangs, serving
from tests.waiting import eventually

# What the receiver does, or what is said: it is the same on either.
ON_ONE_DATABASE = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)


@pytest.fixture
def sender(database: Database, siem: Siem) -> Iterator[Sender]:
    sender = Sender(database, siem.url)
    yield sender
    sender.close()


def test_each_row_is_an_event_with_its_place_in_the_chain(sender: Sender, siem: Siem) -> None:
    sender.write(reason="the nightly job")
    sender.write()

    sender.send()

    first, second = (arrival.event for arrival in siem.taken)
    with sender.database.reading() as session:
        rows = stream.rows(session, 1, most=9)
    assert first == {
        "specversion": "1.0",
        "id": f"prod-1-{rows[0].digest[:16]}",
        "source": "/dbaccess/prod",
        "type": "dbaccess.request.made",
        "subject": "orders/17",
        "time": sender.clock.now().isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "number": 1,
            "at": sender.clock.now().isoformat(),
            "action": "request.made",
            "actor": RITA,
            "cluster": "orders",
            "request_id": 17,
            "detail": {"source": "ip_addr:203.0.113.4", "reason": "the nightly job"},
            "erased": [],
            "format": 2,
            "commitments": rows[0].commitments,
            "salts": {name: salt for name, (salt, _) in (rows[0].personal or {}).items()},
            "previous": "0" * 64,
            "digest": rows[0].digest,
            "key": "",
        },
    }
    assert second["data"]["previous"] == first["data"]["digest"]
    assert {arrival.headers["content-type"] for arrival in siem.taken} == {
        "application/cloudevents+json; charset=utf-8"
    }
    assert [arrival.headers["webhook-id"] for arrival in siem.taken] == [first["id"], second["id"]]
    assert siem.taken[0].headers["path"] == "/in?from=dbaccess"


def test_all_of_the_audit_comes_in_order_once_it_is_set_up_on_one_connection(
    sender: Sender, siem: Siem
) -> None:
    sender.write(120)

    sender.send()

    assert siem.numbers == list(range(1, 121))
    assert len({arrival.connection for arrival in siem.arrivals}) == 1
    assert sender.cursor().number == 120
    assert sender.told() == []


def test_nothing_is_sent_where_the_policy_has_no_stream_and_later_it_goes_on_where_it_was(
    sender: Sender, siem: Siem
) -> None:
    sender.write()
    sender.send()
    with_stream, sender.policy = sender.policy, policy_for(None)
    sender.write(2)
    sender.send()
    assert siem.numbers == [1]

    sender.policy = with_stream
    sender.send()

    assert siem.numbers == [1, 2, 3]


@ON_ONE_DATABASE
def test_a_receiver_that_is_busy_gets_the_same_message_again_later(
    sender: Sender, siem: Siem
) -> None:
    sender.write(2)
    siem.answer = answers(503)
    sender.send()
    sender.send()  # it is not time yet
    assert len(siem.arrivals) == 1
    sender.clock.advance(seconds=2)
    siem.answer = answers(200)

    sender.send()

    assert siem.numbers == [1, 2]
    assert sender.outcomes == ["unreachable", "delivered", "delivered"]
    tried = [arrival for arrival in siem.arrivals if arrival.number == 1]
    assert len({arrival.headers["webhook-id"] for arrival in tried}) == 1
    assert len({arrival.headers["webhook-timestamp"] for arrival in tried}) == 2
    assert sender.told() == []


@ON_ONE_DATABASE
def test_the_waits_grow_to_five_minutes(sender: Sender, siem: Siem) -> None:
    sender.write()
    siem.answer = answers(500)
    waits = []
    for _ in range(12):
        sender.send()
        due_at = sender.cursor().due_at
        assert due_at is not None
        waits.append((due_at - sender.clock.now()).total_seconds())
        sender.clock.advance(seconds=waits[-1])

    assert waits[0] <= 1.25
    assert all(later > earlier for earlier, later in pairwise(waits[:8]))
    assert 225 <= waits[-1] <= 375


@ON_ONE_DATABASE
@pytest.mark.parametrize(("asked", "seconds"), [("120", 120), ("999999", 3600)])
def test_it_waits_for_as_long_as_the_receiver_asks_and_an_hour_at_most(
    sender: Sender, siem: Siem, asked: str, seconds: int
) -> None:
    sender.write()
    siem.answer = answers(429, Retry_After=asked)

    sender.send()

    due_at = sender.cursor().due_at
    assert due_at is not None
    assert (due_at - sender.clock.now()).total_seconds() == pytest.approx(seconds, rel=0.3)


@ON_ONE_DATABASE
@pytest.mark.parametrize("status", [410, 307])
def test_what_the_receiver_does_not_take_is_told_once_and_never_skipped(
    sender: Sender, siem: Siem, status: int
) -> None:
    sender.write(3)
    with serving() as elsewhere:
        siem.answer = answers(status, Location=elsewhere.url)
        for _ in range(4):
            sender.send()
            sender.clock.advance(minutes=7)

        assert [arrival.number for arrival in siem.arrivals] == [1] * 4
        assert elsewhere.arrivals == []  # no redirect is followed
    [told] = sender.told()
    assert (told.kind, told.rows) == ("stream_stopped", 3)
    assert str(status) in told.error
    assert told.place in siem.url
    siem.answer = answers(204)
    sender.send()

    assert siem.numbers == [1, 2, 3, 4, 5]
    assert sender.actions()[3:] == ["stream.alarmed", "stream.resumed"]
    assert [one.kind for one in sender.told()] == ["stream_stopped", "stream_resumed"]


def test_an_absence_is_told_after_a_while_and_nothing_is_lost_by_it(
    sender: Sender, siem: Siem
) -> None:
    sender.write()
    siem.answer = answers(503)
    sender.send()
    sender.clock.advance(seconds=ALARM_AFTER.total_seconds() - 1)
    sender.send()
    assert sender.told() == []
    for _ in range(24):  # for a day
        sender.clock.advance(hours=1)
        sender.write()
        sender.send()
    assert [one.kind for one in sender.told()] == ["stream_stopped"]

    siem.answer = answers(200)
    sender.clock.advance(minutes=7)
    sender.send()

    assert siem.numbers == list(range(1, 28))  # with what the audit tells of it
    assert sender.cursor().failures == 0
    assert [one.kind for one in sender.told()] == ["stream_stopped", "stream_resumed"]


@ON_ONE_DATABASE
def test_a_receiver_that_takes_only_now_and_then_is_told_of_now_and_then(
    sender: Sender, siem: Siem
) -> None:
    """Each alarm is two rows more to send: without a pause they would bring forth each other."""
    for _ in range(10):
        sender.write()
        siem.answer = answers(404)
        sender.send()
        siem.answer = answers(200)
        sender.clock.advance(seconds=5)
        sender.send()

    assert [one.kind for one in sender.told()] == ["stream_stopped", "stream_resumed"]
    siem.answer = answers(404)
    sender.clock.advance(seconds=ALARM_AFTER.total_seconds())
    sender.write()
    sender.send()
    assert [one.kind for one in sender.told()][2:] == ["stream_stopped"]


def test_whatever_else_is_wrong_with_sending_is_told_and_waited_for(
    sender: Sender, siem: Siem
) -> None:
    """A fault that nobody foresaw: here a host that no name service could be asked for."""
    sender.write()
    right, sender.policy = sender.policy, policy_for("https://siem..example.com/in")

    sender.send()
    sender.send()

    assert sender.cursor().failures == 1
    [told] = sender.told()
    assert told.error == "the row after 0 can't be sent, the log says why"
    sender.policy = right
    sender.stream.hurry()
    sender.send()
    assert siem.numbers == [1, 2, 3]


def test_a_start_and_a_new_policy_try_again_at_once(sender: Sender, siem: Siem) -> None:
    sender.write()
    siem.answer = answers(429, Retry_After="3600")
    sender.send()
    siem.answer = answers(200)
    sender.send()
    assert siem.numbers == []

    sender.stream.hurry()
    sender.send()

    assert siem.numbers == [1]


def test_who_hurries_while_a_row_is_being_sent_is_not_forgotten(sender: Sender, siem: Siem) -> None:
    """The answer to what was sent before does not put off the next try."""

    def arrives() -> None:
        if len(siem.arrivals) > 1:
            siem.answer = answers(204)
            return
        sender.clock.advance(seconds=1)
        sender.stream.hurry()

    sender.write()
    siem.answer, siem.on_arrival = answers(503, Retry_After="3000"), arrives

    sender.send()

    assert siem.numbers == [1]


def test_a_time_that_a_wrong_clock_wrote_is_not_waited_for(sender: Sender, siem: Siem) -> None:
    sender.write()
    siem.answer = answers(503)
    sender.clock.advance(days=300)
    sender.send()
    sender.clock.advance(days=-300)
    siem.answer = answers(200)

    sender.send()

    assert siem.numbers == [1]


@ON_ONE_DATABASE
def test_while_a_secret_is_rotated_both_sign(database: Database, siem: Siem) -> None:
    with closing(Sender(database, siem.url, OLD_KEY, KEY)) as sender:
        sender.write(2)
        sender.send()

    assert siem.numbers == [1, 2]
    assert all(arrival.is_signed_by(OLD_KEY) for arrival in siem.arrivals)


@ON_ONE_DATABASE
def test_a_wrong_secret_is_told(database: Database, siem: Siem) -> None:
    with closing(Sender(database, siem.url, OLD_KEY)) as sender:
        sender.write()
        sender.send()

    assert siem.numbers == []
    assert [one.error for one in sender.told()] == ["it answered 401 (Unauthorized)"]


def test_only_one_of_two_workers_sends_and_the_order_stays(sender: Sender, siem: Siem) -> None:
    sender.write(60)
    others = [sender.another() for _ in range(2)]
    siem.answer = slowly(0.002)

    def work(one: Stream) -> None:
        while sender.cursor().number < 60:
            for policy in one.claim(most=1):
                one.handle(policy)

    threads = [threading.Thread(target=work, args=[one]) for one in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert siem.numbers == list(range(1, 61))


def slowly(seconds: float) -> Answer:
    def write(request: Any) -> None:
        threading.Event().wait(seconds)
        answers(200).write(request)

    return Answer(200, write)


def test_a_worker_that_was_overtaken_does_not_move_the_cursor_back(
    sender: Sender, siem: Siem
) -> None:
    """As after a standstill, in which its lock was lost."""
    sender.write(3)
    late = sender.cursor()
    sender.send()

    with sender.database.transaction() as session:
        moved = stream.save(session, late, stream.Cursor(1, "0" * 64))

    assert not moved
    assert sender.cursor().number == 3


def test_a_row_whose_transaction_commits_late_is_not_skipped(sender: Sender, siem: Siem) -> None:
    numbered, go_on = threading.Event(), threading.Event()

    def write_late() -> None:
        with sender.database.transaction() as session:
            audit.record(session, Action.GRANTED, at=sender.clock.now(), cluster="late")

            def before_commit(_: Session) -> None:
                numbered.set()
                go_on.wait(30)

            event.listen(session, "before_commit", before_commit)

    late = threading.Thread(target=write_late)
    late.start()
    assert numbered.wait(30)
    other = threading.Thread(target=sender.write)
    other.start()
    with sender.database.reading() as session:
        assert stream.rows(session, 1, most=9) == []
    go_on.set()
    late.join()
    other.join()

    sender.send()

    assert siem.numbers == [1, 2]
    assert [one.event["data"]["cluster"] for one in siem.taken] == ["late", "orders"]


def test_what_was_erased_before_it_was_delivered_is_marked_and_the_chain_holds(
    sender: Sender, siem: Siem
) -> None:
    sender.write()
    sender.clock.advance(days=400)
    with sender.database.transaction() as session:
        erasure.erase_audit(session, sender.clock.now() - timedelta(days=365), most=9)

    sender.send()

    data = siem.taken[0].event["data"]
    assert (data["actor"], data["detail"], data["salts"]) == ("erased", {}, {})
    assert data["erased"] == ["actor", "source"]
    assert data["commitments"].keys() == {"actor", "source"}


def test_an_audit_that_was_replaced_is_sent_anew(sender: Sender, siem: Siem) -> None:
    """As after another database's rows were put in the place of the newest ones."""
    sender.write(3)
    sender.send()
    with sender.database.transaction() as session:
        after = stream.Cursor(3, "f" * 64)
        assert stream.save(session, sender.cursor(), after)

    sender.send()

    assert siem.numbers == [1, 2, 3, 1, 2, 3]


@ON_ONE_DATABASE
def test_a_worker_that_is_told_to_stop_waits_for_no_answer(sender: Sender, siem: Siem) -> None:
    sender.write()
    stopped = threading.Event()
    siem.answer = hangs(stopped)
    sending = threading.Thread(target=sender.send)
    sending.start()
    eventually(lambda: siem.arrivals)

    sender.stream.stop()

    sending.join(5)
    assert not sending.is_alive()
    assert sender.cursor().failures == 0
    stopped.set()
