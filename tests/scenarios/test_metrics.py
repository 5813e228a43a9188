"""/metrics tells what the tables hold and what the process did, while things happen."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from bot import __version__
from bot.domain.audit_actions import Action
from bot.store import audit, heartbeats, schema
from dbaccess_playground.faults import Fault
from tests.scenarios.jobs import Jobs
from tests.scenarios.observing import scrape
from tests.scenarios.world import ALICE, ANALYTICS, BOB, IP, ORDERS, OSCAR, RITA, World, policy

both_databases = pytest.mark.both_databases
Worlds = Callable[[dict[str, Any]], World]
GLASS = {"requesters": [RITA], "max_duration": "30m"}
EMERGENCY = policy({"orders": {"id": ORDERS, "emergency": GLASS}})


@both_databases
def test_a_request_is_counted_as_it_waits_is_decided_and_lives(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.clock.advance(seconds=90)
    waiting = scrape(world)
    assert waiting("dbaccess_requests_total", cluster="orders", kind="access") == 1
    assert waiting("dbaccess_requests_pending", cluster="orders") == 1
    assert waiting("dbaccess_requests_pending_age_seconds", cluster="orders") == 90
    assert waiting("dbaccess_decisions_total", cluster="orders", verdict="approve") == 0

    world.presses(ALICE, world.card, "Approve")

    living = scrape(world)
    assert living("dbaccess_requests_pending", cluster="orders") == 0
    assert living("dbaccess_requests_pending_age_seconds", cluster="orders") == 0
    assert living("dbaccess_decisions_total", cluster="orders", verdict="approve") == 1
    assert living("dbaccess_grants", cluster="orders", state="active") == 1
    assert living("dbaccess_grants", cluster="orders", state="removing") == 0
    assert living("dbaccess_cluster_rules", cluster="orders") == 3


def test_a_denial_a_withdrawal_and_a_lapse_are_decisions_too(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.denies(ALICE, world.card, "not today")
    world.types(RITA, f"request {IP} 2h orders")
    world.types(RITA, "cancel 2")
    world.types(RITA, f"request {IP} 2h orders")
    world.pass_time(hours=5)

    told = scrape(world)
    for verdict in ("deny", "cancel", "lapse"):
        assert told("dbaccess_decisions_total", cluster="orders", verdict=verdict) == 1


def test_what_a_rehearsal_or_a_refusal_rolled_back_was_never_made(world: World) -> None:
    world.types(RITA, f"request {IP} 9h orders")
    world.types(RITA, "request ::1 1h orders")
    assert scrape(world)("dbaccess_requests_total", cluster="orders", kind="access") == 0


def test_what_an_earlier_process_did_is_not_counted_again(world: World) -> None:
    world.granted()
    world.restart()
    told = scrape(world)
    assert told("dbaccess_requests_total", cluster="orders", kind="access") == 0
    rows = len(world.audited())
    assert told("dbaccess_audit_rows") == rows > 3


@both_databases
def test_an_end_on_time_is_not_late_and_one_after_an_outage_is(world: World) -> None:
    world.granted()
    world.pass_time(hours=2)
    on_time = scrape(world)
    assert on_time("dbaccess_grant_end_lateness_seconds_bucket", le="1.0") == 1

    world.granted()
    world.clock.advance(hours=2)
    world.digitalocean.faults.add(Fault.status(500, times=None))
    world.settle()
    world.digitalocean.faults.clear()
    world.pass_time(minutes=10)

    late = scrape(world)
    assert late("dbaccess_grant_end_lateness_seconds_count") == 2
    assert late("dbaccess_grant_end_lateness_seconds_bucket", le="300.0") == 1
    assert late("dbaccess_grant_end_lateness_seconds_sum") == 600


def test_an_overdue_removal_is_told_with_how_long_it_is_overdue(world: World) -> None:
    world.granted()
    world.digitalocean.faults.add(Fault.status(500, times=None))
    world.pass_time(hours=2, minutes=3)

    told = scrape(world)
    assert told("dbaccess_grants_overdue", cluster="orders") == 1
    assert told("dbaccess_grants_overdue_seconds", cluster="orders") == 180
    assert told("dbaccess_clusters_failing") == 1
    assert (told("dbaccess_cluster_failing_seconds", cluster="orders") or 0) >= 0


@both_databases
def test_a_revoked_grant_is_overdue_long_before_its_time(world: World) -> None:
    world.granted()
    world.digitalocean.faults.add(Fault.status(500, times=None))
    world.types(RITA, "revoke 1")
    world.pass_time(minutes=7)

    told = scrape(world)
    assert told("dbaccess_grants_overdue", cluster="orders") == 1
    assert told("dbaccess_grants_overdue_seconds", cluster="orders") == 420


def test_messages_that_slack_does_not_take_are_owed_and_grow_old(world: World) -> None:
    world.slack.faults.add(Fault.status(503, target="chat.", times=None))
    world.types(RITA, f"request {IP} 2h orders")
    world.clock.advance(seconds=40)

    told = scrape(world)
    assert (told("dbaccess_jobs_waiting", kind="message") or 0) >= 1
    assert told("dbaccess_jobs_age_seconds", kind="message") == 40
    calls = told("dbaccess_slack_calls_total", method="chat.postMessage", outcome="internal_error")
    assert (calls or 0) >= 1


@both_databases
def test_a_command_that_waits_for_slacks_directory_is_open_and_grows_old(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.faults.add(Fault.status(503, target="users.info", times=None))
    world.presses(ALICE, world.card, "Approve")
    world.clock.advance(seconds=20)

    told = scrape(world)
    assert told("dbaccess_jobs_waiting", kind="command") == 1
    assert told("dbaccess_jobs_age_seconds", kind="command") == 20


@both_databases
def test_an_emergency_waits_for_its_review(worlds: Worlds) -> None:
    world = worlds(EMERGENCY)
    world.types(RITA, f"emergency {IP} 30m orders the night is dark")
    world.eventually(lambda: world.slack.modal(RITA))
    world.slack.submit(RITA, {})
    world.settle()
    world.pass_time(hours=3)
    open_ = scrape(world)
    assert open_("dbaccess_requests_total", cluster="orders", kind="emergency") == 1
    assert open_("dbaccess_emergencies_unreviewed", cluster="orders") == 1
    assert open_("dbaccess_emergencies_unreviewed_age_seconds", cluster="orders") == 3 * 3600

    world.presses(BOB, world.card, "Mark reviewed")
    assert scrape(world)("dbaccess_emergencies_unreviewed", cluster="orders") == 0


def test_calls_are_counted_by_what_became_of_them(world: World) -> None:
    world.granted()
    told = scrape(world)
    calls = "dbaccess_digitalocean_calls_total"
    assert told(calls, operation="write_rules", status="204") == 1
    assert told("dbaccess_slack_calls_total", method="chat.postMessage", outcome="ok")
    asked = sum(call.method == "users.info" for call in world.slack.calls)
    assert told("dbaccess_slack_calls_total", method="users.info", outcome="ok") == asked
    assert told("dbaccess_reconciles_total", outcome="done")
    assert told("dbaccess_rate_limited_total", api="digitalocean") == 0


def test_the_rate_limit_is_what_digitalocean_last_said(world: World) -> None:
    before = scrape(world)("dbaccess_ratelimit_remaining", api="digitalocean")
    world.granted()
    told = scrape(world)
    after = told("dbaccess_ratelimit_remaining", api="digitalocean")
    assert before is not None
    assert after is not None
    assert after < before
    resets_at = told("dbaccess_ratelimit_reset_timestamp_seconds", api="digitalocean")
    now = world.clock.now().timestamp()
    assert resets_at is not None
    assert now <= resets_at <= now + 3600


def test_refusals_for_too_many_calls_are_counted_for_both_apis(world: World) -> None:
    world.slack.faults.add(Fault.status(429, retry_after=1, target="chat.", times=1))
    world.types(RITA, f"request {IP} 2h orders")
    world.pass_time(seconds=2)
    world.digitalocean.faults.add(Fault.status(429, retry_after=60, times=1))
    world.presses(ALICE, world.card, "Approve")

    told = scrape(world)
    assert told("dbaccess_rate_limited_total", api="slack") == 1
    assert told("dbaccess_rate_limited_total", api="digitalocean") == 1
    assert told("dbaccess_reconciles_total", outcome="rate_limited") == 1


def test_no_answer_from_slack_is_told_as_none(world: World) -> None:
    world.slack.faults.add(Fault.reset(target="chat.", times=1))
    world.types(RITA, f"request {IP} 2h orders")
    told = scrape(world)
    assert told("dbaccess_slack_calls_total", method="chat.postMessage", outcome="none") == 1


def test_where_no_worker_ever_looked_the_heartbeat_is_infinitely_old(world: World) -> None:
    assert scrape(world)("dbaccess_worker_heartbeat_age_seconds") == float("inf")
    world.beat()
    world.clock.advance(seconds=12)
    assert scrape(world)("dbaccess_worker_heartbeat_age_seconds") == 12


def test_a_worker_that_is_silent_is_missing_among_those_that_run(world: World) -> None:
    world.beat()
    with world.service.components.database.transaction() as session:
        heartbeats.beat(session, "another:17", world.clock.now())
        heartbeats.probe(session, world.clock.now())  # no worker
    assert scrape(world)("dbaccess_workers") == 2

    world.clock.advance(seconds=70)
    world.beat()

    assert scrape(world)("dbaccess_workers") == 1
    assert scrape(world)("dbaccess_worker_heartbeat_age_seconds") == 0


def test_a_cluster_that_has_left_the_policy_is_told_of_no_more(worlds: Worlds) -> None:
    world = worlds(policy({"orders": {"id": ORDERS}, "analytics": {"id": ANALYTICS}}))
    assert scrape(world)("dbaccess_cluster_read_age_seconds", cluster="analytics") == 0
    world.govern(policy({"orders": {"id": ORDERS}}))
    world.pass_time(hours=2)
    told = scrape(world)
    assert told("dbaccess_cluster_read_age_seconds", cluster="analytics") is None
    assert told("dbaccess_cluster_read_age_seconds", cluster="orders") == 0


def test_the_version_is_told(world: World) -> None:
    assert scrape(world)("dbaccess_build_info", version=__version__) == 1


@both_databases
def test_a_broken_database_makes_metrics_say_so_and_not_fail(world: World) -> None:
    world.granted()
    schema.downgrade(world.service.components.database, "base")

    told = scrape(world)

    assert told("dbaccess_database_up") == 0
    assert told("dbaccess_jobs_waiting", kind="message") is None
    assert told("dbaccess_digitalocean_calls_total", operation="write_rules", status="204") == 1
    schema.upgrade(world.service.components.database)
    assert scrape(world)("dbaccess_database_up") == 1


@both_databases
def test_a_history_that_was_rewritten_shows(world: World) -> None:
    world.granted()
    assert scrape(world)("dbaccess_audit_intact") == 1
    database = world.service.components.database
    schema.downgrade(database, "base")
    schema.upgrade(database)
    with database.transaction() as session:
        audit.record(session, Action.REQUESTED, at=world.clock.now(), cluster="orders")
    assert scrape(world)("dbaccess_audit_intact") == 0
    assert scrape(world)("dbaccess_audit_intact") == 0


def test_no_label_names_a_person_or_a_source(world: World) -> None:
    world.granted()
    world.types(OSCAR, "list")
    told = scrape(world)
    assert RITA not in told.text
    assert IP not in told.text
    assert told.labels() <= {
        *("api", "action", "cluster", "job", "kind", "le", "method", "operation", "outcome"),
        *("state", "status", "verdict", "version"),
    }


def test_names_and_helps_keep_to_prometheus_conventions(worlds: Worlds, jobs: Jobs) -> None:
    world = worlds(jobs.policy())
    world.granted()
    jobs.job(world).asks()
    world.pass_time(minutes=2)  # there is something of each family
    for family in text_string_to_metric_families(scrape(world).text):
        assert family.documentation
        if family.name.startswith("process_"):
            continue
        assert re.fullmatch(r"dbaccess_[a-z_]+", family.name)
        assert not re.search(r"_(ms|minutes|hours|count|sum|milliseconds)$", family.name)
        is_total = any(sample.name.endswith("_total") for sample in family.samples)
        assert is_total == (family.type == "counter")


@both_databases
def test_a_scrape_takes_no_lock_that_a_writer_holds(world: World) -> None:
    with world.service.components.database.transaction() as session:
        session.execute(text("UPDATE clusters SET failures = 7"))
        assert scrape(world)("dbaccess_database_up") == 1


def test_ages_are_never_negative_where_clocks_differ(world: World) -> None:
    world.beat()
    world.types(RITA, f"request {IP} 2h orders")
    world.clock.advance(minutes=-1)
    told = scrape(world)
    assert told("dbaccess_worker_heartbeat_age_seconds") == 0
    assert told("dbaccess_requests_pending_age_seconds", cluster="orders") == 0
