"""Ending: revoked, withdrawn, extended, warned of, and what can be read up meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.lifecycle import RequestState
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.forms import extends
from tests.scenarios.world import (
    ADMINS,
    ALICE,
    ANALYTICS,
    APPROVALS,
    BOB,
    IP,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

both_databases = pytest.mark.both_databases  # where SQL decides: order, time, locks, counting

Worlds = Callable[[dict[str, Any]], World]

TRUSTED = f"ip_addr:{IP}"
FOREIGN = {"ip_addr:198.51.100.7", "tag:backend"}
DEVELOPERS = "S0DEVELOPERS"


def label(world: World) -> str:
    """Return the description of our rule."""
    return str({r["value"]: r.get("description", "") for r in world.digitalocean.rules(ORDERS)}[IP])


def warnings(world: World) -> list[Message]:
    return [dm for dm in world.slack.dms(RITA) if "ends soon" in dm.text]


# Revoking


def test_the_holder_hands_access_back_by_command(world: World) -> None:
    world.granted()

    answer = world.types(RITA, "revoke 1")

    assert "*Ending access #1*" in answer.text
    assert world.sources() == FOREIGN
    assert (world.grant().state, world.grant().end_reason) == ("ended", "revoked")
    assert "was ended" in world.told(RITA)[-1]
    assert "was ended" in world.thread()[-1]


def test_the_holder_hands_access_back_by_the_button_of_the_message_that_it_works(
    world: World,
) -> None:
    world.granted()

    world.presses(RITA, world.slack.dms(RITA)[-1], "End access")

    assert world.sources() == FOREIGN
    assert world.grant().end_reason == "revoked"


def test_an_approver_revokes_by_command(world: World) -> None:
    world.granted()

    world.types(ALICE, "revoke #1")

    assert world.sources() == FOREIGN
    assert ("grant.ending", ALICE) in world.audited()
    assert "was ended" in world.told(RITA)[-1]


def test_an_approver_revokes_by_the_button_in_the_thread(worlds: Worlds) -> None:
    world = worlds(policy(approvers=[ALICE, ADMINS]))
    world.granted()

    world.presses(BOB, world.slack.thread(APPROVALS, world.card.ts)[-1], "End access")

    assert world.sources() == FOREIGN


@pytest.mark.parametrize("way", ["command", "button"])
def test_nobody_else_revokes(world: World, way: str) -> None:
    world.granted()

    if way == "command":
        world.types(OSCAR, "revoke 1")
    else:
        world.presses(OSCAR, world.slack.thread(APPROVALS, world.card.ts)[-1], "End access")

    assert "#1 isn't yours, and you are not an approver" in world.whispered(OSCAR)[-1]
    assert TRUSTED in world.sources()
    assert world.grant().state == "active"


def test_what_has_ended_is_not_revoked_again(world: World) -> None:
    world.granted()
    world.types(RITA, "revoke 1")
    before = world.footprint()

    assert "#1 has ended" in world.types(RITA, "revoke 1").text
    assert world.footprint() == before


@both_databases
def test_a_button_pressed_twice_revokes_once(world: World) -> None:
    world.granted()
    started = world.slack.dms(RITA)[-1]

    world.presses(RITA, started, "End access")
    world.presses(RITA, started, "End access")

    assert world.audited().count(("grant.ending", RITA)) == 1
    assert "#1 has ended" in world.whispered(RITA)[-1]


@both_databases
def test_a_source_stays_as_long_as_another_grant_needs_it(world: World) -> None:
    world.granted(f"request {IP} 1h orders")
    world.types(OSCAR, f"request {IP} 2h orders")
    world.presses(BOB, world.card, "Approve")

    world.types(RITA, "revoke 1")
    assert TRUSTED in world.sources()
    assert f"{IP} stays trusted" in world.told(RITA)[-1]
    world.pass_time(hours=2)

    assert world.sources() == FOREIGN


@both_databases
def test_what_was_trusted_before_stays_trusted(world: World) -> None:
    """P5."""
    world.granted("request 198.51.100.7 1h orders")
    assert "was trusted before" in world.told(RITA)[-1]

    world.pass_time(hours=1)

    assert world.sources() == FOREIGN
    assert "198.51.100.7 stays trusted" in world.told(RITA)[-1]
    assert world.writes() == 0


# Withdrawing


def test_the_requester_withdraws_by_command(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")

    answer = world.types(RITA, "cancel 1")

    assert "*Request #1 cancelled*" in answer.text
    assert world.request().state is RequestState.CANCELLED
    assert world.card.buttons == []
    assert "*Request #1 cancelled*, " in world.card.text


def test_the_requester_withdraws_by_button(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")

    world.presses(RITA, world.slack.ephemerals(RITA)[-1], "Cancel request")

    assert world.request().state is RequestState.CANCELLED
    assert "cancelled" in world.whispered(RITA)[-1]


def test_a_button_from_before_a_lost_database_withdraws_no_other_request(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    old = world.slack.ephemerals(RITA)[-1]
    world.lose_database(hours=1)
    world.types(RITA, f"request {IP} 1h orders")

    world.presses(RITA, old, "Cancel request")

    said, asked = world.slack.ephemerals(RITA)
    assert "That message is too old" in said.text
    assert asked.buttons == ["Cancel request"]
    assert world.request().state is RequestState.PENDING


def test_an_approver_withdraws(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")

    world.types(ALICE, "cancel 1")

    assert world.request().state is RequestState.CANCELLED
    assert f"cancelled* by <@{ALICE}>" in world.card.text


def test_nobody_else_withdraws(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")

    world.types(OSCAR, "cancel 1")

    assert "#1 isn't yours" in world.whispered(OSCAR)[-1]
    assert world.request().state is RequestState.PENDING


def test_what_is_decided_cannot_be_withdrawn_but_revoked(world: World) -> None:
    world.granted()

    answer = world.types(RITA, "cancel 1")

    assert "#1 was already approved.\nButtons: End access" in answer.text
    assert TRUSTED in world.sources()


@both_databases
def test_what_is_withdrawn_cannot_be_withdrawn_again(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.types(RITA, "cancel 1")
    before = world.footprint()

    assert "already" in world.types(RITA, "cancel 1").text
    assert world.footprint() == before


def test_after_withdrawing_one_may_ask_again(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.types(RITA, "cancel 1")

    assert "#2" in world.types(RITA, f"request {IP} 2h orders").text


# Extending


@both_databases
def test_an_extension_is_asked_for_decided_and_moves_the_end(world: World) -> None:
    world.granted()
    first_end = world.grant().expires_at

    answer = world.types(RITA, "extend 1 90m")
    assert "#2" in answer.text
    assert "1h30m more" in answer.text
    assert world.grant().expires_at == first_end, "asking extends nothing"
    world.presses(BOB, world.card, "Approve")

    assert world.grant().expires_at == first_end + timedelta(minutes=90)
    assert label(world).endswith(f"#1 until {world.grant().expires_at:%Y-%m-%dT%H:%M:%SZ}")
    assert f"approved* by <@{BOB}>" in world.card.text
    assert "extended by 1h30m" in world.told(RITA)[-1]
    first_card = world.slack.messages(APPROVALS, replies=False)[0]
    assert "extended by 1h30m" in world.slack.thread(APPROVALS, first_card.ts)[-1].text

    world.pass_time(hours=3, minutes=29, seconds=59)
    assert TRUSTED in world.sources()
    world.pass_time(seconds=1)
    assert world.sources() == FOREIGN


def test_the_requester_cannot_approve_the_own_extension(world: World) -> None:
    world.types(ALICE, f"request {IP} 2h orders")
    world.presses(BOB, world.card, "Approve")
    world.types(ALICE, "extend 1 1h")

    world.presses(ALICE, world.card, "Approve")

    assert "You cannot decide on your own request" in world.whispered(ALICE)[-1]
    assert world.request(2).state is RequestState.PENDING


def test_extensions_count_towards_the_longest_duration(worlds: Worlds) -> None:
    world = worlds(policy(max_duration="3h"))
    world.granted()
    before = world.footprint()

    answer = world.types(RITA, "extend 1 1h1s")

    assert "You can add `1h`" in answer.text
    assert world.footprint() == before
    assert "#2" in world.types(RITA, "extend 1 1h").text


def test_a_grant_that_has_had_the_longest_duration_is_not_extended(worlds: Worlds) -> None:
    world = worlds(policy(max_duration="2h"))
    world.granted()

    answer = world.types(RITA, "extend 1 1m")

    assert "reached its maximum of `2h`" in answer.text


@both_databases
def test_one_extension_waits_at_a_time(world: World) -> None:
    world.granted()
    world.types(RITA, "extend 1 1h")
    before = world.footprint()

    answer = world.types(RITA, "extend 1 2h")

    assert "already requested: #2" in answer.text
    assert "Buttons: Cancel request" in answer.text
    assert world.footprint() == before


def test_two_extensions_one_after_the_other_are_limited_together(worlds: Worlds) -> None:
    world = worlds(policy(max_duration="3h"))
    world.granted()
    for _ in range(2):
        world.types(RITA, "extend 1 30m")
        world.presses(ALICE, world.card, "Approve")

    assert world.grant().expires_at - world.grant().approved_at == timedelta(hours=3)
    assert "reached its maximum" in world.types(RITA, "extend 1 1m").text


def test_an_approver_asks_for_an_extension_that_another_approves(world: World) -> None:
    world.granted()
    world.types(ALICE, "extend 1 1h")

    world.presses(ALICE, world.card, "Approve")
    assert "You sent this request yourself" in world.whispered(ALICE)[-1]
    world.presses(BOB, world.card, "Approve")

    assert world.grant().expires_at - world.grant().approved_at == timedelta(hours=3)
    assert "extended by" in world.told(RITA)[-1]


def test_nobody_else_extends(world: World) -> None:
    world.granted()

    world.types(OSCAR, "extend 1 1h")

    assert "#1 isn't yours" in world.whispered(OSCAR)[-1]
    assert len(world.slack.messages(APPROVALS, replies=False)) == 1


def test_a_denied_extension_leaves_the_end_where_it_was(world: World) -> None:
    world.granted()
    world.types(RITA, "extend 1 1h")

    world.denies(ALICE, world.card, "two hours are enough")

    assert "two hours are enough" in world.told(RITA)[-1]
    world.pass_time(hours=2)
    assert world.sources() == FOREIGN


@both_databases
def test_an_extension_lapses_when_the_grant_ends(world: World) -> None:
    world.granted()
    world.types(RITA, "extend 1 1h")
    card = world.card

    world.pass_time(hours=2)

    assert world.sources() == FOREIGN
    assert world.request(2).state is RequestState.LAPSED
    assert world.card.buttons == []
    assert "access #1 ended first" in world.card.text
    world.presses(ALICE, card, "Approve")
    assert world.sources() == FOREIGN


def test_an_extension_lapses_when_the_grant_is_revoked(world: World) -> None:
    world.granted()
    world.types(RITA, "extend 1 1h")

    world.types(RITA, "revoke 1")
    world.pass_time(seconds=1)  # until the next tick

    assert world.request(2).state is RequestState.LAPSED
    assert world.card.buttons == []


@both_databases
def test_an_extension_approved_as_the_grant_is_revoked_brings_nothing_back(world: World) -> None:
    world.granted()
    world.types(RITA, "extend 1 1h")
    world.slack.click(ALICE, world.card, "Approve")
    world.slack.command(RITA, "revoke 1", channel_id="C0GENERAL")

    world.settle()

    assert world.sources() == FOREIGN
    assert world.grant().end_reason == "revoked"


# The warning


@both_databases
@pytest.mark.parametrize(
    ("duration", "warned_before_the_end"),
    [("2h", "10m"), ("20m", "10m"), ("10m", "5m"), ("2m", "1m")],
)
def test_the_holder_is_warned_before_the_end(
    world: World, duration: str, warned_before_the_end: str
) -> None:
    """A grant that is shorter than twice the usual time is warned of at its half."""
    world.granted(f"request {IP} {duration} orders")
    minutes = {"10m": 10, "5m": 5, "1m": 1}[warned_before_the_end]
    until_then = world.grant().expires_at - world.clock.now() - timedelta(minutes=minutes)

    world.pass_time(seconds=until_then.total_seconds() - 1)
    assert warnings(world) == []
    world.pass_time(seconds=1)
    world.pass_time(seconds=1)

    assert [warning.buttons for warning in warnings(world)] == [
        ["Connect", "Extend…", "End access"]
    ]
    assert not any("ends soon" in said for said in world.thread())


def test_the_warning_comes_when_the_policy_says(worlds: Worlds) -> None:
    world = worlds(policy(warn_before="30m"))
    world.granted()

    world.pass_time(hours=1, minutes=30)

    assert len(warnings(world)) == 1


@both_databases
def test_an_extended_grant_is_warned_of_again_before_its_new_end(world: World) -> None:
    world.granted()
    world.pass_time(hours=1, minutes=50)
    extends(world, warnings(world)[0])
    world.presses(ALICE, world.card, "Approve")

    world.pass_time(minutes=59)
    assert warnings(world) == []
    world.pass_time(minutes=1)

    assert len(warnings(world)) == 1
    assert sum("ends soon" in heard for heard in world.heard(RITA)) == 2


# Reading up


@both_databases
def test_the_list_shows_what_is_mine_with_its_buttons(world: World) -> None:
    world.granted()
    world.types(RITA, "request 203.0.113.5 1h orders")
    world.types(OSCAR, "request 203.0.113.6 1h orders")

    world.types(RITA, "list")

    listed = world.slack.ephemerals(RITA)[-1]
    assert listed.buttons == ["Connect", "Extend…", "End access", "Cancel request"]
    for fact in ("#1", IP, "#2", "203.0.113.5"):
        assert fact in listed.text
    assert "203.0.113.6" not in listed.text


def test_the_buttons_of_the_list_work(world: World) -> None:
    world.granted()
    world.types(RITA, "request 203.0.113.5 1h orders")
    world.types(RITA, "list")
    listed = world.slack.ephemerals(RITA)[-1]

    world.presses(RITA, listed, "Cancel request")
    world.presses(RITA, listed, "End access")

    assert world.sources() == FOREIGN
    assert world.request(2).state is RequestState.CANCELLED


def test_the_list_of_somebody_new_says_how_to_ask(world: World) -> None:
    assert "`/dbaccess request`" in world.types(OSCAR, "list").text


def test_the_list_forgets_what_has_ended(world: World) -> None:
    world.granted()
    world.pass_time(hours=2)

    assert "#1" not in world.types(RITA, "list").text


@both_databases
def test_approvers_list_what_everybody_has(world: World) -> None:
    world.granted()
    world.types(OSCAR, "request 203.0.113.6 1h orders")

    world.types(BOB, "list all")

    listed = world.eventually(
        lambda: next((w for w in world.whispered(BOB) if "#1" in w and "#2" in w), None)
    )
    assert f"<@{RITA}>" in listed
    assert f"<@{OSCAR}>" in listed


def test_nobody_else_lists_what_everybody_has(world: World) -> None:
    world.granted()

    world.types(OSCAR, "list all")

    refused = "`list all` is for approvers"
    world.eventually(lambda: any(refused in whisper for whisper in world.whispered(OSCAR)))
    assert not any(IP in whisper for whisper in world.whispered(OSCAR))


def test_the_clusters_page_shows_the_terms_of_those_one_may_ask_for(worlds: Worlds) -> None:
    clusters = {
        "orders": {"id": ORDERS, "max_duration": "3h"},
        "analytics": {"id": ANALYTICS, "requesters": [DEVELOPERS]},
    }
    world = worlds(policy(clusters))
    world.slack.add_group(DEVELOPERS, "developers", [OSCAR])

    for who in (RITA, OSCAR):
        world.types(who, "clusters")
    ritas = world.eventually(lambda: [w for w in world.whispered(RITA) if "orders" in w])
    oscars = world.eventually(lambda: [w for w in world.whispered(OSCAR) if "orders" in w])

    assert "`3h`" in ritas[0]
    assert "analytics" not in ritas[0]
    assert "analytics" in oscars[0]


@both_databases
def test_the_sources_page_tells_ours_from_foreign_ones(world: World) -> None:
    world.granted()

    world.types(RITA, "sources orders")

    page = world.eventually(
        lambda: next((w for w in world.whispered(RITA) if "added manually" in w), "")
    )
    for fact in (IP, f"*access #1* of <@{RITA}>", "198.51.100.7", "office", "tag:backend"):
        assert fact in page


def test_the_sources_of_a_cluster_are_shown_to_those_who_may_ask_for_it(worlds: Worlds) -> None:
    world = worlds(policy(requesters=[RITA]))

    world.types(OSCAR, "sources orders")

    world.eventually(lambda: "There is no cluster" in world.whispered(OSCAR)[-1])
    assert not any("198.51.100.7" in whisper for whisper in world.whispered(OSCAR))


def test_help_shows_every_command(world: World) -> None:
    before = world.footprint()

    page = world.types(RITA, "help").text

    for command in ("request", "list", "extend", "revoke", "cancel", "clusters", "sources"):
        assert f"`{command}" in page
    assert world.footprint() == before


def test_the_requester_hears_that_an_approver_withdrew_the_request(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.types(ALICE, "cancel 1")
    assert f"cancelled* by <@{ALICE}>" in world.told(RITA)[-1]


def test_the_holder_reads_who_revoked(world: World) -> None:
    world.granted()
    world.types(ALICE, "revoke 1")
    assert f"was ended* by <@{ALICE}>" in world.told(RITA)[-1]


def test_a_request_that_still_waits_is_offered_to_be_withdrawn_not_revoked(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    answer = world.types(RITA, "revoke 1")
    assert "#1 is still waiting for a decision.\nButtons: Cancel request" in answer.text
