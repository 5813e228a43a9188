"""The promises that are kept over HTTP: P1, P2, P3, P5, P6, P7 and P8, each by its name."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from bot.domain.audit_actions import Action
from bot.domain.labels import label
from bot.domain.lifecycle import EndReason, GrantState
from bot.slack.inbound.deferred_commands import DeferredCommands
from bot.store import audit, job_list
from bot.store.jobs import Job, Kind
from bot.worker.stored_jobs import StoredJobs
from dbaccess_playground.faults import Fault
from tests.scenarios.world import ALICE, APPROVALS, BOB, IP, ORDERS, OSCAR, RITA, World, policy
from tests.storage import Storage

pytestmark = pytest.mark.both_databases

TRUSTED = f"ip_addr:{IP}"
OTHER_IP = "203.0.113.5"
GUARD_RULE = "ip_addr:192.0.2.1"
FOREIGN = {"ip_addr:198.51.100.7", "tag:backend"}


def rules_by_source(world: World) -> dict[str, dict[str, str]]:
    return {f"{rule['type']}:{rule['value']}": rule for rule in world.digitalocean.rules(ORDERS)}


def foreign_rules(world: World) -> dict[str, dict[str, str]]:
    return {source: rule for source, rule in rules_by_source(world).items() if source in FOREIGN}


def actions(world: World) -> list[str]:
    with world.service.components.database.reading() as session:
        return [row.action for row in audit.rows(session)]


# P1 Nothing foreign is lost.


def test_p1_foreign_rules_stay_as_they_are_through_a_whole_grant(world: World) -> None:
    before = foreign_rules(world)
    assert set(before) == FOREIGN

    world.granted()
    assert world.writes() == 1
    assert foreign_rules(world) == before

    world.pass_time(hours=2)
    assert world.writes() == 2
    assert world.sources() == FOREIGN
    assert foreign_rules(world) == before


def test_p1_what_somebody_adds_just_before_the_write_is_not_lost(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.digitalocean.add_rule(ORDERS, "droplet", "163973392", "the runner")

    world.presses(ALICE, world.card, "Approve")

    assert world.sources() == {*FOREIGN, TRUSTED, "droplet:163973392"}
    assert rules_by_source(world)["droplet:163973392"]["description"] == "the runner"


# P2 Never open to the world.


def test_p2_the_guard_takes_the_place_of_the_last_rule_and_leaves_when_it_may(
    world: World,
) -> None:
    world.granted(f"request {IP} 2h orders")
    for kind, value in (("ip_addr", "198.51.100.7"), ("tag", "backend")):
        world.digitalocean.remove_rule(ORDERS, kind, value)

    world.pass_time(hours=2)
    assert world.grant().state == GrantState.ENDED
    assert world.sources() == {GUARD_RULE}
    assert any("guard" in told for told in world.operators())
    assert Action.GUARD_PLACED in actions(world)

    world.digitalocean.add_rule(ORDERS, "tag", "backend")
    world.granted(f"request {OTHER_IP} 1h orders")
    assert world.sources() == {"tag:backend", f"ip_addr:{OTHER_IP}"}
    world.pass_time(hours=1)
    assert world.sources() == {"tag:backend"}
    assert not world.digitalocean.ever_empty(ORDERS)


def test_p2_a_cluster_that_is_open_to_all_gets_no_first_rule(world: World) -> None:
    world.digitalocean.replace_rules(ORDERS, [])
    world.restart()

    answer = world.types(RITA, f"request {IP} 2h orders")

    assert "open to everyone" in answer.text
    assert world.slack.messages(APPROVALS) == []
    assert world.writes() == 0


def test_p2_a_cluster_that_was_opened_after_the_request_gets_no_first_rule(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.digitalocean.replace_rules(ORDERS, [])

    world.presses(ALICE, world.card, "Approve")

    assert world.writes() == 0
    assert world.grant().end_reason == EndReason.FAILED
    assert "open to everyone" in world.told(RITA)[-1]
    assert "open to everyone" in world.thread()[-1]


def test_p2_an_open_cluster_gets_a_first_rule_where_the_policy_says_so(
    worlds: Callable[[dict[str, Any]], World],
) -> None:
    world = worlds(policy(allow_open=True))
    world.digitalocean.replace_rules(ORDERS, [])
    world.restart()

    world.granted(f"request {IP} 2h orders")
    assert world.sources() == {TRUSTED}

    world.pass_time(hours=2)
    assert world.sources() == {GUARD_RULE}


# P3 Nobody stays longer.


def test_p3_an_end_that_the_api_holds_up_is_told_again_and_again_and_comes(world: World) -> None:
    world.granted()
    world.digitalocean.faults.add(Fault.status(503, times=None))
    world.pass_time(hours=2)
    assert world.grant().state == GrantState.REMOVING
    assert TRUSTED in world.sources()

    alarmed_at = []
    for minute in range(1, 61):
        before = len(world.operators())
        world.clock.advance(minutes=1)
        if minute % 5 == 0:
            world.settle()
        if len(world.operators()) > before:
            alarmed_at.append(minute)
            assert "#1" in world.operators()[-1]
            assert "503" in world.operators()[-1]
    assert alarmed_at == [5, 10, 20, 40]
    assert "ended" not in world.told(RITA)[-1]

    world.digitalocean.faults.clear()
    world.pass_time(minutes=1)
    assert world.sources() == FOREIGN
    assert world.grant().end_reason == EndReason.EXPIRED
    assert "up to date again" in world.operators()[-1]
    assert len(world.operators()) == len(alarmed_at) + 1
    assert "ended" in world.told(RITA)[-1]


def test_p3_a_grant_ends_in_time_after_a_restart(world: World) -> None:
    world.granted()
    told = len(world.told(RITA))
    world.restart(minutes=30)
    assert TRUSTED in world.sources()
    assert len(world.told(RITA)) == told

    world.pass_time(minutes=89, seconds=59)
    assert TRUSTED in world.sources()
    world.pass_time(seconds=1)
    assert world.sources() == FOREIGN


def test_p3_what_ran_out_while_the_bot_was_away_goes_at_its_start(world: World) -> None:
    world.granted()
    world.restart(days=3)
    assert world.sources() == FOREIGN
    assert world.grant().end_reason == EndReason.EXPIRED
    assert "ended" in world.told(RITA)[-1]


def test_p3_an_approval_that_was_not_applied_before_a_restart_is_applied_after_it(
    world: World,
) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.click(ALICE, world.card, "Approve")
    assert TRUSTED not in world.sources()

    world.restart()

    assert TRUSTED in world.sources()
    assert world.grant().state == GrantState.ACTIVE
    assert sum("You can connect" in told for told in world.told(RITA)) == 1


def test_p3_expiry_keeps_a_rule_that_another_grant_still_needs(world: World) -> None:
    world.granted(f"request {IP} 1h orders")
    world.granted(f"request {IP} 2h orders", to=OSCAR)
    assert world.sources() == {*FOREIGN, TRUSTED}

    world.pass_time(hours=1)
    assert world.grant(1).state == GrantState.ENDED
    assert world.grant(2).state == GrantState.ACTIVE
    assert TRUSTED in world.sources()
    assert "stays trusted" in world.told(RITA)[-1]
    assert "#2" in rules_by_source(world)[TRUSTED]["description"]

    world.pass_time(hours=1)
    assert world.sources() == FOREIGN


# P5 What was there stays there.


def test_p5_a_source_that_was_trusted_before_stays_trusted_after(world: World) -> None:
    rule = world.digitalocean.add_rule(ORDERS, "ip_addr", IP, "home of Rita")

    world.granted()
    assert world.grant().state == GrantState.ACTIVE
    assert world.grant().owned is False
    assert "was trusted before" in world.told(RITA)[-1]

    world.pass_time(hours=2)
    assert world.grant().end_reason == EndReason.EXPIRED
    assert rules_by_source(world)[TRUSTED] == rule
    assert world.writes() == 0
    assert "someone else added it" in world.told(RITA)[-1]


# P6 Everything is told once it is true.


def test_p6_a_double_click_and_repeated_deliveries_change_the_state_once(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    card = world.card
    world.slack.click(ALICE, card, "Approve")
    world.slack.replay(5, at_once=True)
    world.slack.click(ALICE, card, "Approve")
    world.settle()
    world.slack.replay(2)
    world.settle()

    assert world.writes() == 1
    assert [a for a in actions(world) if a.startswith("grant")] == [Action.GRANTED, Action.APPLIED]
    assert len(world.told(RITA)) == 1
    assert len(world.thread()) == 1
    assert len(world.whispered(ALICE)) == 1
    assert "already" in world.whispered(ALICE)[0]


def test_p6_a_repeated_command_makes_one_request(world: World) -> None:
    world.slack.command(RITA, f"request {IP} 2h orders", channel_id="C0GENERAL")
    answers = world.slack.replay(6, at_once=True)
    world.settle()

    assert {answer.text for answer in answers} == {answers[0].text}
    assert "#1" in answers[0].text
    assert len(world.slack.messages(APPROVALS)) == 1
    assert actions(world) == [Action.REQUESTED]


def test_p6_two_who_decide_at_once_change_the_state_once(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    card = world.card
    for approver in (ALICE, BOB):
        world.slack.click(approver, card, "Approve")
    parts = world.service.components
    commands = DeferredCommands(parts.access, parts.directory, parts.clock)
    handler = StoredJobs(Kind.COMMAND, commands, parts.database, parts.clock, concurrency=8)
    both = handler.claim(most=8)
    assert len(both) == 2
    at_once = threading.Barrier(2)

    def handle(job: Job) -> None:
        at_once.wait()
        handler.handle(job)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(handle, both))
    world.settle()

    assert actions(world).count(Action.GRANTED) == 1
    assert world.writes() == 1
    assert len(world.told(RITA)) == 1
    too_late = world.whispered(ALICE) + world.whispered(BOB)
    assert len(too_late) == 1
    assert "already approved" in too_late[0]


def test_p4_an_approval_that_an_operator_dropped_opens_nothing_though_it_is_in_progress(
    world: World,
) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.click(ALICE, world.card, "Approve")
    parts = world.service.components
    commands = DeferredCommands(parts.access, parts.directory, parts.clock)
    handler = StoredJobs(Kind.COMMAND, commands, parts.database, parts.clock, concurrency=8)
    [approval] = handler.claim(most=8)
    with parts.database.transaction() as session:
        assert job_list.drop(session, approval.id, world.clock.now())

    handler.handle(approval)
    world.settle()

    assert world.grants() == []
    assert world.whispered(ALICE) == []


def test_p6_a_command_whose_lease_ran_out_is_carried_out_by_one(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.click(ALICE, world.card, "Approve")
    parts = world.service.components
    commands = DeferredCommands(parts.access, parts.directory, parts.clock)
    handler = StoredJobs(Kind.COMMAND, commands, parts.database, parts.clock, concurrency=8)
    [slow] = handler.claim(most=8)
    world.clock.advance(seconds=30)
    [again] = handler.claim(most=8)

    handler.handle(slow)
    handler.handle(again)
    world.settle()

    assert actions(world).count(Action.GRANTED) == 1
    assert world.whispered(ALICE) == [], "nobody hears that it was already approved"


def test_p6_one_denies_and_another_approves_and_the_first_word_counts(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    card = world.card
    world.denies(ALICE, card, "not today")
    world.presses(BOB, card, "Approve")

    assert TRUSTED not in world.sources()
    assert "already denied" in world.whispered(BOB)[-1]
    assert "not today" in world.told(RITA)[-1]


# P7 It survives losing its own database.


def test_p7_labelled_rules_become_grants_again_and_end_in_time(world: World) -> None:
    world.granted(f"request {IP} 2h orders")
    world.granted(f"request {OTHER_IP} 30m orders")
    before = rules_by_source(world)
    assert before[TRUSTED]["description"] == str(label("test", 1, world.grant(1).expires_at))

    world.lose_database(hours=1)

    assert world.sources() == {*FOREIGN, TRUSTED}
    assert rules_by_source(world)[TRUSTED] == before[TRUSTED]
    assert world.grant(1).state == GrantState.ACTIVE
    told = "\n".join(world.operators())
    assert IP in told
    assert OTHER_IP in told
    assert len(world.operators()) == 1

    world.pass_time(minutes=59, seconds=59)
    assert TRUSTED in world.sources()
    world.pass_time(seconds=1)
    assert world.sources() == FOREIGN
    assert foreign_rules(world) == {source: before[source] for source in FOREIGN}
    assert world.grant(1).end_reason == EndReason.EXPIRED


def test_p7_new_requests_get_numbers_of_their_own_after_the_loss(world: World) -> None:
    world.granted(f"request {IP} 2h orders")
    world.granted(f"request {OTHER_IP} 2h orders")
    world.lose_database()

    answer = world.types(RITA, "request 203.0.113.6 1h orders")
    assert "#3" in answer.text
    world.presses(ALICE, world.card, "Approve")
    world.pass_time(hours=2)
    assert world.sources() == FOREIGN


def test_p7_what_another_installation_labelled_is_foreign(world: World) -> None:
    other = str(label("staging", 7, world.clock.now()))
    rule = world.digitalocean.add_rule(ORDERS, "ip_addr", OTHER_IP, other)

    world.lose_database(hours=5)
    world.granted()
    world.pass_time(hours=2)

    assert rules_by_source(world)[f"ip_addr:{OTHER_IP}"] == rule
    assert world.operators() == []


# P8 Secrets stay secret.


def test_p8_tokens_are_nowhere_to_be_read_when_everything_fails(
    world: World, logged: Callable[[], str], storage: Storage
) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    card = world.card
    for fault in (Fault.status(401), Fault.status(500, times=None), Fault.reset(times=None)):
        world.digitalocean.faults.clear()
        world.digitalocean.faults.add(fault)
        world.presses(ALICE, card, "Approve")
        world.pass_time(minutes=6)
    for fault in (Fault.status(500, times=9), Fault.reset(times=9), Fault.status(401, times=9)):
        world.slack.faults.add(fault)
        world.types(RITA, "list all")
        world.presses(BOB, card, "Approve")
        world.pass_time(minutes=6)
    world.slack.send_raw(b"token=forged", {"X-Slack-Signature": "v0=0"})
    world.slack.faults.clear()
    world.digitalocean.faults.clear()
    world.pass_time(minutes=6)
    assert world.grant().state == GrantState.ACTIVE
    pages = [
        requests.get(f"{world.service.url}/{page}", timeout=30).text
        for page in ("metrics", "readyz")
    ]
    world.service.stop()

    said = logged()
    assert "reconcile failed" in said
    assert "job rescheduled" in said
    shown = [
        str(message)
        for channel in world.slack.channels()
        for message in world.slack.messages(channel.id)
    ]
    shown += world.whispered(RITA) + world.whispered(ALICE) + world.whispered(BOB)
    stored = storage.everything()
    assert "ip_addr" in stored
    for secret in world.settings.secrets():
        for place in (said, stored, *pages, *shown):
            assert secret not in place
    world.boot()


def test_p8_what_slack_did_not_sign_just_now_is_refused_before_it_is_read(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.click(ALICE, world.card, "Approve")
    signed_at = world.slack.signed(b"x")["X-Slack-Request-Timestamp"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"command=%2Fdbaccess&text=help&user_id=U0RITA&trigger_id=1&channel_id=C0GENERAL"

    forged = {"X-Slack-Request-Timestamp": signed_at, "X-Slack-Signature": "v0=" + 64 * "0"}
    stale = world.slack.signed(body, at=float(signed_at) - 301)
    of_something_else = world.slack.signed(b"text=list")
    for headers in ({}, forged, stale, of_something_else):
        answer = world.slack.send_raw(body, {**form, **headers})
        assert answer.status == 401
        assert "dbaccess" not in answer.text
    assert world.slack.send_raw(body, {**form, **world.slack.signed(body)}).status == 200
