"""The outbox: messages and replies as they were enqueued, and where posted ones stand."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.notices import Notice, Reply
from bot.domain.refusals.delays import ClusterBusy
from bot.domain.reply_to import ReplyTo
from bot.retry import PermanentError
from bot.store import jobs, outbox
from bot.store.database import Database
from bot.store.jobs import Job, Kind, Outcome
from bot.store.outbox import DeliveryMethod, Post

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CARD = "request:1"
URL = "https://hooks.slack.example/actions/1"


def say(sentence: str) -> Notice:
    return Reply(refusal=ClusterBusy(said=sentence))


def enqueue(
    database: Database, sentence: str, method: DeliveryMethod, *, target: str | None = None
) -> None:
    with database.transaction() as session:
        post, below = (None, CARD) if method is DeliveryMethod.THREAD else (CARD, None)
        outbox.enqueue(
            session, say(sentence), method, CARD, at=NOW, target=target, post=post, below=below
        )


def claim(database: Database, kind: Kind = Kind.MESSAGE) -> list[Job]:
    with database.transaction() as session:
        return jobs.claim(session, kind, NOW, until=NOW + MINUTE, most=8, most_retried=8)


def deliver(database: Database, job: Job, at: Post) -> None:
    with database.transaction() as session:
        outbox.record_post(session, outbox.pending_message(job), at)
        jobs.finish(session, job.id, NOW, Outcome.DONE)


def test_a_message_comes_back_as_it_was_enqueued(database: Database) -> None:
    enqueue(database, "card", DeliveryMethod.POST, target="C0")
    [job] = claim(database)
    pending = outbox.pending_message(job)
    assert (pending.method, pending.conversation) == (DeliveryMethod.POST, CARD)
    assert (pending.target, pending.post, pending.notice) == ("C0", CARD, say("card"))


def test_a_reply_comes_back_with_its_address_and_waits_for_no_other(database: Database) -> None:
    for sentence in ("one", "two"):
        with database.transaction() as session:
            outbox.enqueue_reply(session, say(sentence), ReplyTo("U0RITA", URL), at=NOW)
    replies = [outbox.pending_reply(job) for job in claim(database, Kind.REPLY)]
    assert [reply.notice for reply in replies] == [say("one"), say("two")]
    assert {reply.to for reply in replies} == {ReplyTo("U0RITA", URL)}


def test_a_reply_without_an_address_is_a_direct_message_that_waits_for_no_other(
    database: Database,
) -> None:
    for sentence in ("one", "two"):
        with database.transaction() as session:
            outbox.enqueue_reply(session, say(sentence), ReplyTo("U0RITA"), at=NOW)
    messages = [outbox.pending_message(job) for job in claim(database)]
    assert [message.notice for message in messages] == [say("one"), say("two")]
    assert {(message.method, message.target) for message in messages} == {
        (DeliveryMethod.DIRECT, "U0RITA")
    }


def test_what_another_version_saved_is_given_up(database: Database) -> None:
    for kind in (Kind.MESSAGE, Kind.REPLY):
        with database.transaction() as session:
            payload = {"notice": {"kind": "reply", "sentence": "as it was kept once"}}
            jobs.add(session, kind, payload, ordering_key="old", at=NOW)
    [message], [reply] = claim(database), claim(database, Kind.REPLY)
    with pytest.raises(PermanentError, match="unreadable"):
        outbox.pending_message(message)
    with pytest.raises(PermanentError, match="unreadable"):
        outbox.pending_reply(reply)


def test_of_several_updates_of_one_message_only_the_last_is_made(database: Database) -> None:
    enqueue(database, "approved", DeliveryMethod.UPDATE)
    enqueue(database, "open", DeliveryMethod.THREAD)
    enqueue(database, "ended", DeliveryMethod.UPDATE)
    sent = []
    while claimed := claim(database):
        [job] = claimed
        sent.append(outbox.pending_message(job).notice)
        with database.transaction() as session:
            jobs.finish(session, job.id, NOW, Outcome.DONE)
    assert sent == [say("open"), say("ended")]


def test_where_a_posted_message_stands_is_remembered_under_its_name(database: Database) -> None:
    enqueue(database, "card", DeliveryMethod.POST, target="C0")
    with database.reading() as session:
        assert outbox.is_being_posted(session, CARD)
    [card] = claim(database)
    deliver(database, card, Post("C0", "1764000000.000100"))
    with database.reading() as session:
        assert outbox.find_post(session, CARD) == Post("C0", "1764000000.000100")
        assert outbox.find_post(session, "request:2") is None
        assert not outbox.is_being_posted(session, CARD)


def test_a_reply_below_a_message_does_not_take_its_place(database: Database) -> None:
    enqueue(database, "reply", DeliveryMethod.THREAD)
    [reply] = claim(database)
    deliver(database, reply, Post("C0", "2.0"))
    with database.reading() as session:
        assert outbox.find_post(session, CARD) is None


def test_a_message_that_takes_the_place_of_another_has_its_name(database: Database) -> None:
    first, second = Post("D0", "1.0"), Post("D0", "2.0")
    for at, former in ((first, None), (second, first)):
        enqueue(database, "news", DeliveryMethod.REPLACE, target="U0RITA")
        [job] = claim(database)
        with database.transaction() as session:
            assert outbox.record_post(session, outbox.pending_message(job), at) == former
            jobs.finish(session, job.id, NOW, Outcome.DONE)
    with database.reading() as session:
        assert outbox.find_post(session, CARD) == second


def test_what_one_message_was_to_say_meanwhile_is_left_out(database: Database) -> None:
    for said in ("works", "ends soon", "has ended"):
        enqueue(database, said, DeliveryMethod.REPLACE, target="U0RITA")
    enqueue(database, "another grant", DeliveryMethod.DIRECT, target="U0RITA")
    [job] = claim(database)
    assert outbox.pending_message(job).notice == say("has ended")


def test_a_message_without_a_name_is_changed_where_it_stands(database: Database) -> None:
    at = Post("D0", "1.0")
    with database.transaction() as session:
        outbox.enqueue(session, say("old"), DeliveryMethod.UPDATE, CARD, at=NOW, stands=at)
        outbox.enqueue(session, say("old"), DeliveryMethod.UPDATE, CARD, at=NOW, stands=at)
    [job] = claim(database)
    assert outbox.pending_message(job).stands == at


def test_a_message_that_is_enqueued_once_is_not_repeated(database: Database) -> None:
    for _ in range(2):
        with database.transaction() as session:
            outbox.enqueue(
                session, say("trouble"), DeliveryMethod.POST, "operators", at=NOW, once="trouble"
            )
    assert len(claim(database)) == 1
