"""When clusters are due: what is asked during an attempt is not forgotten at its end."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.lifecycle import EndReason, RequestState
from bot.domain.sources import parse_source
from bot.store import clusters, grants, requests
from bot.store.clusters import Watch
from bot.store.database import Database
from tests.domain import examples

ORDERS, ANALYTICS = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30", "1b2f7a90-6f0c-4f3a-9a53-0f6d5c1f9f11"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SOURCE = parse_source("203.0.113.4")


@pytest.fixture
def watched(database: Database) -> Database:
    with database.transaction() as session:
        clusters.watch(session, {ORDERS: "orders", ANALYTICS: "analytics"}, NOW)
    return database


def orders(database: Database) -> Watch:
    with database.reading() as session:
        watch = clusters.get(session, ORDERS)
    assert watch is not None
    return watch


def mark_due(database: Database, at: datetime) -> None:
    with database.transaction() as session:
        clusters.mark_due(session, ORDERS, "orders", at)


def succeed(database: Database, before: Watch, *, next_at: datetime | None) -> None:
    with database.transaction() as session:
        clusters.note_success(
            session,
            ORDERS,
            at=NOW,
            rule_count=2,
            written_at=NOW,
            guarded=False,
            unfit="",
            described="",
            label_losses=0,
            next_at=next_at,
            changes=before.changes,
        )


def fail(database: Database, *, at: datetime, next_at: datetime) -> None:
    with database.transaction() as session:
        clusters.note_failure(session, ORDERS, at=at, error="no answer", next_at=next_at)


def due(database: Database, at: datetime) -> list[str]:
    with database.reading() as session:
        names = {watch.id: watch.alias for watch in clusters.all_of(session)}
        limits = {"looks": 60 * MINUTE, "tries": 5 * MINUTE}
        return [names[found.id] for found in clusters.due(session, at, **limits, most=10)]


def test_every_watched_cluster_is_due_at_once(watched: Database) -> None:
    assert sorted(due(watched, NOW)) == ["analytics", "orders"]
    assert due(watched, NOW - timedelta(microseconds=1)) == []


def test_a_cluster_that_is_in_line_is_due_when_it_was_said(watched: Database) -> None:
    succeed(watched, orders(watched), next_at=NOW + 5 * MINUTE)
    assert due(watched, NOW + 4 * MINUTE) == ["analytics"]
    assert "orders" in due(watched, NOW + 5 * MINUTE)


def test_what_is_asked_during_an_attempt_is_not_forgotten(watched: Database) -> None:
    at_the_beginning = orders(watched)
    mark_due(watched, NOW)

    succeed(watched, at_the_beginning, next_at=NOW + 5 * MINUTE)
    assert "orders" in due(watched, NOW)

    succeed(watched, orders(watched), next_at=NOW + 5 * MINUTE)
    assert "orders" not in due(watched, NOW)


def test_what_is_asked_during_an_attempt_that_fails_is_tried_with_the_next(
    watched: Database,
) -> None:
    mark_due(watched, NOW)
    fail(watched, at=NOW, next_at=NOW + timedelta(seconds=2))
    assert "orders" in due(watched, NOW + timedelta(seconds=2))


def test_the_earlier_time_counts(watched: Database) -> None:
    succeed(watched, orders(watched), next_at=NOW + 5 * MINUTE)
    mark_due(watched, NOW + 9 * MINUTE)
    assert orders(watched).due_at == NOW + 5 * MINUTE
    mark_due(watched, NOW + MINUTE)
    assert orders(watched).due_at == NOW + MINUTE


def test_one_that_was_not_due_at_all_can_be_marked(watched: Database) -> None:
    succeed(watched, orders(watched), next_at=None)
    assert orders(watched).due_at is None
    mark_due(watched, NOW)
    assert "orders" in due(watched, NOW)


def test_the_first_failure_of_a_row_is_remembered_until_a_success(watched: Database) -> None:
    fail(watched, at=NOW, next_at=NOW + MINUTE)
    fail(watched, at=NOW + MINUTE, next_at=NOW + 2 * MINUTE)
    failing = orders(watched)
    assert (failing.failures, failing.failing_since, failing.last_error) == (2, NOW, "no answer")

    succeed(watched, failing, next_at=None)
    well = orders(watched)
    assert (well.failures, well.failing_since, well.last_error) == (0, None, "")
    assert (well.read_at, well.rule_count) == (NOW, 2)


def test_a_success_ends_the_count_of_alarms(watched: Database) -> None:
    fail(watched, at=NOW, next_at=NOW + MINUTE)
    with watched.transaction() as session:
        clusters.note_alarm(session, ORDERS, since=NOW, next_at=NOW + 10 * MINUTE)
    assert orders(watched).alarms == 1
    assert orders(watched).alarm_at == NOW + 10 * MINUTE
    succeed(watched, orders(watched), next_at=None)
    assert orders(watched).alarms == 0
    assert orders(watched).alarm_at is None


def test_a_cluster_is_in_trouble_when_it_fails_or_when_work_waits(watched: Database) -> None:
    with watched.reading() as session:
        assert clusters.troubled(session) == []

    with watched.transaction() as session:
        request = requests.add(
            session,
            examples.request(
                id=requests.NEXT,
                requester="U0RITA",
                source=SOURCE,
                created_at=NOW,
                lapses_at=NOW,
                state=RequestState.APPROVED,
            ),
        )
        grant = requests.new_grant(request, cluster_id=ORDERS, at=NOW)
        grants.add(session, grant)
    with watched.reading() as session:
        [(watch, waiting_since)] = clusters.troubled(session)
    assert watch.alias == "orders"
    assert waiting_since == [NOW]

    with watched.transaction() as session:
        active = grant.activate(NOW, owned=True, rule_uuid=None)
        grants.save(session, active)
    with watched.reading() as session:
        assert clusters.troubled(session) == []

    with watched.transaction() as session:
        grants.save(session, active.leave(EndReason.EXPIRED, NOW + MINUTE))
    fail(watched, at=NOW + 2 * MINUTE, next_at=NOW + 3 * MINUTE)
    with watched.reading() as session:
        [(watch, waiting_since)] = clusters.troubled(session)
    assert waiting_since == [NOW + MINUTE]
    assert watch.failing_since == NOW + 2 * MINUTE


def test_a_cluster_that_was_renamed_keeps_its_state(watched: Database) -> None:
    fail(watched, at=NOW, next_at=NOW + MINUTE)
    with watched.transaction() as session:
        clusters.watch(session, {ORDERS: "shop"}, NOW)
    assert orders(watched).alias == "shop"
    assert orders(watched).failures == 1
    assert "shop" in due(watched, NOW)


def test_what_the_rules_of_a_cluster_were_is_forgotten_with_it(watched: Database) -> None:
    with watched.transaction() as session:
        clusters.note_success(
            session,
            ORDERS,
            at=NOW,
            rule_count=2,
            written_at=NOW,
            guarded=False,
            unfit="ip_addr:203.0.113.4 Anna's home",
            described="ip_addr:203.0.113.4",
            label_losses=0,
            next_at=None,
            changes=0,
        )
        clusters.note_failure(session, ORDERS, at=NOW, error="203.0.113.4 is bad", next_at=NOW)

    with watched.transaction() as session:
        clusters.forget(session, ORDERS)

    watch = orders(watched)
    assert "203.0.113.4" not in repr(watch)
    assert watch.read_at == NOW, "a rule that ended may still come back"
