"""The outbox: in order per conversation, claimed by one at a time, at least once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bot.domain.notices import Notice, Reply
from bot.domain.refusals.lookups import CallsSpent
from bot.store import outbox
from bot.store.counts import snapshot
from bot.store.database import Database
from bot.store.next_due import read_next_due
from bot.store.outbox import DeliveryMethod, PendingMessage, Post
from bot.store.tables import OutboxRow

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def say(sentence: str) -> Notice:
    return Reply(refusal=CallsSpent(said=sentence))


def enqueue(database: Database, sentence: str, *, conversation: str = "user:U0RITA") -> None:
    with database.transaction() as session:
        outbox.enqueue(
            session, say(sentence), DeliveryMethod.DIRECT, conversation, at=NOW, target="U0RITA"
        )


def claim(database: Database, *, at: datetime = NOW, most: int = 8) -> list[PendingMessage]:
    with database.transaction() as session:
        return outbox.claim(session, at, until=at + MINUTE, most=most)


def deliver(database: Database, pending: PendingMessage, post: Post | None = None) -> None:
    with database.transaction() as session:
        outbox.delivered(session, pending, NOW, post)


def said(claimed: list[PendingMessage]) -> list[str]:
    refusals = [pending.notice.refusal for pending in claimed if isinstance(pending.notice, Reply)]
    return [refusal.said for refusal in refusals if isinstance(refusal, CallsSpent)]


def test_the_messages_of_one_conversation_go_out_one_by_one_in_order(database: Database) -> None:
    for sentence in ("one", "two", "three"):
        enqueue(database, sentence)

    order = []
    while claimed := claim(database):
        assert len(claimed) == 1
        order += said(claimed)
        deliver(database, claimed[0])
    assert order == ["one", "two", "three"]


def test_a_message_that_another_version_saved_holds_up_no_other(database: Database) -> None:
    enqueue(database, "one")
    with database.transaction() as session:
        [row] = session.exec(select(OutboxRow))
        row.notice = {"kind": "reply", "sentence": "as it was kept once"}
    enqueue(database, "two")

    claim(database)
    assert said(claim(database)) == ["two"]
    with database.reading() as session:
        unreadable = session.get_one(OutboxRow, row.id)
        assert (unreadable.delivered, unreadable.last_error) == (False, "unreadable")
        assert unreadable.done_at == NOW


def test_conversations_do_not_wait_for_each_other(database: Database) -> None:
    enqueue(database, "one")
    enqueue(database, "two")
    enqueue(database, "other", conversation="operators")
    assert said(claim(database)) == ["one", "other"]


def test_no_more_are_claimed_than_asked_for(database: Database) -> None:
    for number in range(5):
        enqueue(database, str(number), conversation=f"user:{number}")
    assert said(claim(database, most=2)) == ["0", "1"]
    assert said(claim(database, most=2)) == ["2", "3"]


def test_what_is_claimed_is_nobody_elses_until_the_claim_runs_out(database: Database) -> None:
    enqueue(database, "one")
    assert said(claim(database)) == ["one"]
    assert claim(database) == []
    assert claim(database, at=NOW + MINUTE - timedelta(seconds=1)) == []

    again = claim(database, at=NOW + MINUTE)
    assert said(again) == ["one"]
    assert again[0].attempts == 2


def test_what_a_killed_process_had_claimed_is_given_back(database: Database) -> None:
    enqueue(database, "one")
    claim(database)
    with database.transaction() as session:
        outbox.release_claims(session)
    assert said(claim(database)) == ["one"]


def test_a_message_that_is_rescheduled_holds_back_its_conversation_only(database: Database) -> None:
    enqueue(database, "one")
    enqueue(database, "two")
    [one] = claim(database)
    enqueue(database, "other", conversation="operators")
    with database.transaction() as session:
        outbox.reschedule(session, one, NOW + 2 * MINUTE, "ratelimited")

    assert said(claim(database)) == ["other"]
    with database.reading() as session:
        assert (
            read_next_due(session).times["outbox"] == NOW
        )  # the one behind it, which may not pass
        assert snapshot(session, NOW).outbox.count == 3
    later = claim(database, at=NOW + 2 * MINUTE)
    assert said(later)[0] == "one"


def test_a_message_that_was_given_up_makes_way_for_the_next(database: Database) -> None:
    enqueue(database, "one")
    enqueue(database, "two")
    [one] = claim(database)
    with database.transaction() as session:
        outbox.dead_letter(session, one, NOW, "is_archived")
    assert said(claim(database)) == ["two"]


def test_where_a_posted_message_stands_is_remembered_under_its_name(database: Database) -> None:
    with database.transaction() as session:
        outbox.enqueue(
            session,
            say("card"),
            DeliveryMethod.POST,
            "request:1",
            at=NOW,
            target="C0",
            post="request:1",
        )
    [card] = claim(database)
    deliver(database, card, Post("C0", "1764000000.000100"))
    with database.reading() as session:
        assert outbox.find_post(session, "request:1") == Post("C0", "1764000000.000100")
        assert outbox.find_post(session, "request:2") is None


def test_a_reply_below_a_message_does_not_take_its_place(database: Database) -> None:
    with database.transaction() as session:
        outbox.enqueue(
            session, say("reply"), DeliveryMethod.THREAD, "request:1", at=NOW, post="request:1"
        )
    [reply] = claim(database)
    deliver(database, reply, Post("C0", "2.0"))
    with database.reading() as session:
        assert outbox.find_post(session, "request:1") is None


def fail_after_enqueuing(database: Database) -> None:
    with database.transaction() as session:
        outbox.enqueue(
            session, say("never"), DeliveryMethod.DIRECT, "user:U0RITA", at=NOW, target="U0RITA"
        )
        session.flush()
        raise RuntimeError("in the middle")


def test_nothing_is_owed_for_a_change_that_was_rolled_back(database: Database) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        fail_after_enqueuing(database)
    assert claim(database) == []


def test_what_is_owed_and_since_when_can_be_told(database: Database) -> None:
    with database.reading() as session:
        assert snapshot(session, NOW).outbox.count == 0
        assert snapshot(session, NOW).outbox.since is None
        assert read_next_due(session).times["outbox"] is None
    enqueue(database, "one")
    enqueue(database, "two")
    with database.reading() as session:
        assert snapshot(session, NOW).outbox.count == 2
        assert snapshot(session, NOW).outbox.since == NOW


def test_what_a_clock_that_was_wrong_had_claimed_or_rescheduled_does_not_wait_for_that_day(
    database: Database,
) -> None:
    enqueue(database, "one")
    tomorrow = NOW + timedelta(days=1)
    [lost] = claim(database, at=tomorrow)  # and its worker is killed

    assert said(claim(database)) == ["one"]

    with database.transaction() as session:
        outbox.reschedule(session, lost, tomorrow, "ratelimited")
    assert said(claim(database)) == ["one"]


def test_the_claim_of_a_machine_whose_clock_is_a_little_ahead_holds(database: Database) -> None:
    enqueue(database, "one")
    assert claim(database, at=NOW + timedelta(seconds=50))
    assert claim(database) == []
