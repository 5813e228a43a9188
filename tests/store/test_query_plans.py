"""A long history costs the worker nothing: what it asks at every tick is found by an index."""

from datetime import UTC, datetime, timedelta

from bench import seeding
from bench.company import cluster_id
from bench.history import add_history
from bench.plans import explained, gather_statistics, reads_history_whole
from bot.domain.lifecycle import GrantState
from bot.store import clusters, erasure, finished, grants, jobs, requests
from bot.store.database import Database
from bot.store.next_due import LeadTimes, read_next_due

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
AT_ONCE = LeadTimes(timedelta(), timedelta(), timedelta())
HOUR = timedelta(hours=1)


def fill(database: Database) -> None:
    last = add_history(database, 10_000, clusters=20, now=NOW, after=100)
    seeding.add_grants(database, [NOW + HOUR] * 100, clusters=20, now=NOW)
    seeding.add_pending(database, 20, clusters=20, now=NOW, first=last + 1, extends=1)
    gather_statistics(database)


def ask_as_a_tick_does(database: Database) -> None:
    with database.transaction() as session:
        grants.overdue(session, NOW, most=10)
        for adopted in (False, True):
            grants.unwarned(
                session, NOW, clusters=["cluster-1", "cluster-2"], adopted=adopted, within=HOUR
            )
        requests.lapsing(session, NOW)
        requests.to_remind(session, NOW, reviews_within=HOUR)
        clusters.troubled(session)
        clusters.due(session, NOW, looks=HOUR, tries=HOUR, most=8)
        read_next_due(session, AT_ONCE)
        for kind in jobs.Kind:
            jobs.claim(session, kind, NOW, until=NOW, most=8, most_retried=4)
        long_ago = NOW - 20 * 365 * 24 * HOUR
        finished.delete_finished(session, long_ago, NOW, most=100)
        erasure.erase_audit(session, long_ago, most=100)
        erasure.erase_requests(session, long_ago, NOW, most=100)


def ask_as_a_reconcile_does(database: Database) -> None:
    with database.reading() as session:
        clusters.get_with_adoptions(session, cluster_id(1))
        grants.live(session, cluster="cluster-1")
        grants.of_cluster(session, cluster_id(1), ended_since=NOW)


def test_what_is_asked_at_each_tick_reads_no_history(database: Database) -> None:
    fill(database)

    plans = explained(database, lambda: ask_as_a_tick_does(database))

    assert len(plans) >= 11
    assert [plan for plan in plans if reads_history_whole(plan)] == []


def test_what_a_reconcile_asks_reads_no_history(database: Database) -> None:
    fill(database)

    plans = explained(database, lambda: ask_as_a_reconcile_does(database))

    assert [plan for plan in plans if reads_history_whole(plan)] == []


def test_of_too_many_ends_the_first_come_first(database: Database) -> None:
    ends = [NOW - timedelta(minutes=minutes) for minutes in (1, 3, 2, 5, 4)]
    seeding.add_grants(database, ends, clusters=2, now=NOW - HOUR)

    with database.transaction() as session:
        found = grants.overdue(session, NOW, most=3)

    assert {grant.id for grant in found} == {2, 4, 5}
    assert [grant.cluster_id for grant in found] == sorted(grant.cluster_id for grant in found)


def test_the_live_grants_of_a_cluster_are_those_that_have_not_ended(database: Database) -> None:
    later = [NOW + HOUR] * 3
    seeding.add_grants(database, later, clusters=1, now=NOW)
    seeding.add_grants(database, [NOW], clusters=1, now=NOW - HOUR, state=GrantState.ENDED, first=4)

    with database.reading() as session:
        live = grants.live(session, cluster="cluster-1")
        assert [grant.requester for grant in live] == [seeding.person(n) for n in (1, 2, 3)]
