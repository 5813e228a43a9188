"""Asking: what the acknowledgement says, what is refused, and what the approvers get to read."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain.lifecycle import RequestState
from tests.scenarios.forms import filled_in, opened
from tests.scenarios.world import (
    ALICE,
    ANALYTICS,
    APPROVALS,
    GITA,
    IP,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]

DEVELOPERS = "S0DEVELOPERS"
K8S = "ff2a6c52-5a44-4b63-b99c-0e98e7a63d61"
APP = "4f6c71e2-1e90-4762-9fee-6cc4a0a9f2cf"
TWO_CLUSTERS = {
    "orders": {"id": ORDERS},
    "analytics": {"id": ANALYTICS, "channel": "C0ANALYTICS"},
}
MANY_RULES = [{"type": "ip_addr", "value": f"198.51.100.{n}"} for n in range(1, 101)]

BAD_INPUT = {
    # addresses
    "request 2001:db8::1 2h": "`2001:db8::1` is an IPv6 address. DigitalOcean takes only IPv4",
    "request 10.0.0.4 2h": "`10.0.0.4` is a private address",
    "request 172.16.5.4 2h": "`172.16.5.4` is a private address",
    "request 192.168.1.1 2h": "`192.168.1.1` is a private address",
    "request 100.64.1.1 2h": "`100.64.1.1` is a shared address (carrier-grade NAT)",
    "request 127.0.0.1 2h": "`127.0.0.1` is a loopback address",
    "request 169.254.1.1 2h": "`169.254.1.1` is a link-local address",
    "request 224.0.0.1 2h": "`224.0.0.1` is a multicast address",
    "request 255.255.255.255 2h": "`255.255.255.255` is a reserved address",
    "request 0.1.2.3 2h": "`0.1.2.3` is a reserved address",
    "request 192.0.2.7 2h": "overlaps `192.0.2.0/24`, which is reserved",
    "request 0.0.0.0/0 2h": "`0.0.0.0/0` is the whole internet",
    "request 0.0.0.0 2h": "`0.0.0.0` is a reserved address",
    "request 203.0.113.0/24 2h": "256 addresses. This cluster takes single addresses only",
    "request 203.0.113.4/24 2h": "isn't a network. Use `203.0.113.0/24`, or `203.0.113.4` alone",
    "request 203.0.113.04 2h": "`203.0.113.04` has leading zeros",
    "request 203.0.113.400 2h": "`203.0.113.400` isn't an IPv4 address",
    "request 203.0.113.4/33 2h": "`203.0.113.4/33` isn't an IPv4 address",
    "request db.example.com 2h": "`db.example.com` is a host name. Write an IP address",
    f"request {IP}:5432 2h": f"Leave out the port: `{IP}`.",
    f"request http://{IP} 2h": f"A URL isn't an IP address. Write `{IP}`.",
    f"request {IP} 203.0.113.5 2h": f"One address at a time, like `{IP}`",
    # other sources
    "request droplet:web-1 2h": "`web-1` isn't a Droplet ID",
    "request k8s:production 2h": "`production` isn't a UUID, like `k8s:",
    "request tag:back/end 2h": "`back/end` isn't a tag",
    "request app:shop 2h": "`shop` isn't a UUID, like `app:",
    "request tag:backend 2h": "doesn't take `tag`. Use `203.0.113.4`",
    # clusters
    f"request {IP} 2h ordres": "There is no cluster `ordres`. Did you mean `orders`?",
    f"request {IP} 2h ordres fix it": "There is no cluster `ordres`. Did you mean `orders`?",
    f"request {IP} 2h kitchen": "There is no cluster `kitchen`. You have",
    # durations
    f"request {IP} 0h": "A duration of zero opens nothing",
    f"request {IP} 8h1s": "`8h1s` is too long. This cluster allows at most `8h`.",
    f"request {IP} 59s": "`59s` is too short. This cluster requires at least `1m`.",
    f"request {IP} soon": "`soon` isn't a duration. Try `90m`, `2h`",
    f"request {IP} -2h": "`-2h` isn't a duration",
    f"request {IP} 999999w": "is too long",
    # the rest
    f"request {IP} 2h orders {'why ' * 126}": "The reason is too long: 503 characters",
    "reqest 203.0.113.4 2h": "`reqest` isn't a command. Did you mean `/dbaccess request`?",
    "please": "`please` isn't a command. Try `/dbaccess help`.",
    "extend": "Add the number and how much longer: `/dbaccess extend 17 1h`.",
    "extend 17": "No open access #17",
    "extend seventeen 1h": "`seventeen` isn't a number like `17`",
    "extend 17 1h": "No open access #17",
    "revoke": "Add the access number: `/dbaccess revoke 17`.",
    "revoke 17": "No open access #17",
    "cancel": "Add the request number: `/dbaccess cancel 17`.",
    "cancel 17": "There is no request #17",
    "list everything": "Use `/dbaccess list` for yours",
    "sources ordres": "There is no cluster `ordres`. Did you mean `orders`?",
}


def test_the_acknowledgement_itself_says_that_the_request_is_with_the_approvers(
    world: World,
) -> None:
    answer = world.slack.command(RITA, f"request {IP} 2h orders", channel_id="C0GENERAL")

    assert answer.body["response_type"] == "ephemeral"
    for fact in ("#1", "`orders`", IP, "2h", ALICE, "Cancel request"):
        assert fact in answer.text
    assert world.slack.ephemerals(RITA)[-1].buttons == ["Cancel request"]
    assert world.digitalocean.calls == world.digitalocean.calls[:1], "asking costs no API call"


@pytest.mark.parametrize("typed", BAD_INPUT, ids=lambda typed: typed[:40])
def test_bad_input_gets_one_clear_sentence_and_changes_nothing(world: World, typed: str) -> None:
    before = world.footprint()

    answer = world.types(RITA, typed)

    assert BAD_INPUT[typed] in answer.text
    assert answer.body["response_type"] == "ephemeral"
    assert world.footprint() == before


def test_a_source_that_one_has_already_is_offered_to_be_extended(world: World) -> None:
    world.granted()
    before = world.footprint()

    answer = world.types(RITA, f"request {IP} 30m orders")

    assert "You already have access to `orders`" in answer.text
    assert world.slack.ephemerals(RITA)[-1].buttons == ["Extend…"]
    assert world.footprint() == before


def test_the_same_address_written_in_another_way_is_the_same_source(world: World) -> None:
    world.granted()

    assert "Extend…" in world.types(RITA, f"request {IP}/32 30m orders").text


def test_a_request_that_waits_already_is_not_made_twice(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    before = world.footprint()

    answer = world.types(RITA, f"request {IP} 1h orders")

    assert "Request #1 is still waiting (`2h`)" in answer.text
    assert world.slack.ephemerals(RITA)[-1].buttons == ["Cancel request"]
    assert world.footprint() == before


def test_two_people_may_ask_for_the_same_source(world: World) -> None:
    world.granted()

    assert "#2" in world.types(OSCAR, f"request {IP} 2h orders").text
    assert "has access from it" in world.card.all_text


def test_a_source_is_new_for_a_person_once(world: World) -> None:
    world.granted(f"request {IP} 1h orders")
    assert "New address" in world.slack.messages(APPROVALS, replies=False)[0].versions[0].text
    world.pass_time(hours=1)

    world.types(RITA, f"request {IP} 1h orders")
    assert "New address" not in world.card.all_text
    world.types(OSCAR, f"request {IP} 1h orders")
    assert "New address" in world.card.all_text


def test_a_full_cluster_is_refused_before_anybody_has_to_decide(world: World) -> None:
    world.digitalocean.replace_rules(ORDERS, MANY_RULES, by="terraform")
    world.restart()
    before = world.footprint()

    answer = world.types(RITA, f"request {IP} 2h orders")

    assert "`orders` is full: 100 trusted sources" in answer.text
    assert world.footprint() == before


def test_an_open_cluster_is_refused_before_anybody_has_to_decide(world: World) -> None:
    """P2: a first rule would lock everybody else out."""
    world.digitalocean.replace_rules(ORDERS, [], by="terraform")
    world.restart()
    before = world.footprint()

    answer = world.types(RITA, f"request {IP} 2h orders")

    assert "open to everyone" in answer.text
    assert "ask its admins" in answer.text
    assert world.footprint() == before


def test_a_cluster_that_was_not_read_lately_is_read_before_anybody_decides(world: World) -> None:
    world.clock.advance(minutes=6)
    world.digitalocean.replace_rules(ORDERS, [], by="terraform")

    answer = world.types(RITA, f"request {IP} 2h orders")

    assert "#1" in answer.text, "nobody waits for DigitalOcean"
    assert world.card.buttons == []
    assert "open to everyone" in world.told(RITA)[-1]
    assert world.request().state is RequestState.DENIED


@pytest.mark.parametrize(
    ("rules", "why"), [([], "open to everyone"), (MANY_RULES, "is full")], ids=["open", "full"]
)
def test_a_cluster_that_turns_out_unfit_after_the_approval_gets_no_rule(
    world: World, rules: list[dict[str, str]], why: str
) -> None:
    """P2 again: what was read at the time of the request may be outdated."""
    world.types(RITA, f"request {IP} 2h orders")
    world.digitalocean.replace_rules(ORDERS, rules, by="terraform")
    world.presses(ALICE, world.card, "Approve")

    assert world.writes() == 0
    assert world.grant().end_reason == "failed"
    assert "could not be opened" in world.told(RITA)[-1]
    assert why in world.told(RITA)[-1]


def test_a_cluster_may_be_closed_by_its_first_grant_where_the_policy_says_so(
    worlds: Worlds,
) -> None:
    world = worlds(policy(allow_open=True))
    world.digitalocean.replace_rules(ORDERS, [], by="terraform")
    world.restart()

    world.granted()

    assert world.sources() == {f"ip_addr:{IP}"}


def test_without_a_cluster_the_only_one_is_meant(world: World) -> None:
    assert "`orders`" in world.types(RITA, f"request {IP} 2h").text
    assert "`orders`" in world.types(OSCAR, f"request {IP} 2h to look at invoice 88").text
    assert "to look at invoice 88" in world.card.all_text


def test_without_a_cluster_the_one_of_the_channel_is_meant(worlds: Worlds) -> None:
    world = worlds(policy(TWO_CLUSTERS))
    world.slack.add_channel("C0ANALYTICS", "analytics")

    answer = world.types(RITA, f"request {IP} 2h", channel="C0ANALYTICS")

    assert "`analytics`" in answer.text
    assert [m.buttons for m in world.slack.messages("C0ANALYTICS")] == [["Approve", "Deny"]]


def test_a_reason_is_demanded_where_the_policy_wants_one(worlds: Worlds) -> None:
    world = worlds(policy(require_reason=True))
    before = world.footprint()

    assert "requires a reason" in world.types(RITA, f"request {IP} 2h orders").text
    assert world.footprint() == before

    assert "#1" in world.types(RITA, f"request {IP} 2h orders invoice 88").text
    assert "invoice 88" in world.card.all_text


@pytest.mark.parametrize(
    ("defaults", "duration"),
    [({}, "1h"), ({"default_duration": "20m"}, "20m"), ({"max_duration": "30m"}, "30m")],
    ids=["an hour", "the policy's", "never more than the longest"],
)
def test_a_request_without_a_duration_is_for_the_usual_one(
    worlds: Worlds, defaults: dict[str, Any], duration: str
) -> None:
    world = worlds(policy(**defaults))

    assert f", {duration}." in world.types(RITA, f"request {IP}").text


def test_a_reason_is_shown_letter_by_letter_and_obeyed_by_nobody(world: World) -> None:
    hostile = "<!channel> <@U0ALICE> <https://evil.example|click> *b* `c` @here &amp; \u202eevil"

    world.types(RITA, f"request {IP} 2h orders {hostile}")

    card = world.card
    quotes = [block for block in card.blocks if block["type"] == "rich_text"]
    assert "<!channel> <@U0ALICE> <https://evil.example|click>" in json.dumps(quotes)
    everything_else = json.dumps([block for block in card.blocks if block not in quotes])
    for harm in ("<!channel>", "<https://evil", "@here"):
        assert harm not in everything_else
        assert harm not in card.text
    assert "&lt;!channel&gt;" in card.text
    assert "\u202e" not in card.all_text


def test_hostile_words_in_a_command_are_repeated_harmlessly(world: World) -> None:
    answer = world.types(RITA, "request <!channel>`*x* 2h")

    assert "`&lt;!channel&gt; *x*` isn't an IP address" in answer.text
    assert "<!channel>" not in json.dumps(answer.body)


def test_only_the_people_named_may_ask_where_the_policy_names_people(worlds: Worlds) -> None:
    world = worlds(policy(requesters=[RITA]))
    before = world.footprint()

    assert "There is no cluster" in world.types(OSCAR, f"request {IP} 2h").text
    assert world.footprint() == before
    assert "#1" in world.types(RITA, f"request {IP} 2h").text


def test_group_members_may_ask_once_slack_has_said_that_they_are(worlds: Worlds) -> None:
    world = worlds(policy(requesters=[DEVELOPERS]))
    world.slack.add_group(DEVELOPERS, "developers", [RITA])

    answer = world.types(RITA, f"request {IP} 2h orders")

    assert answer.text == ""
    [told] = world.whispered(RITA)
    assert "Request #1" in told
    assert world.card.buttons == ["Approve", "Deny"]
    assert "#2" in world.types(RITA, "request 203.0.113.5 2h").text, "now it is known"


def test_nobody_else_may_ask_where_the_policy_names_a_group(worlds: Worlds) -> None:
    world = worlds(policy(requesters=[DEVELOPERS]))
    world.slack.add_group(DEVELOPERS, "developers", [RITA])

    answer = world.types(OSCAR, f"request {IP} 2h orders")

    assert answer.text == ""
    assert "There is no cluster" in world.whispered(OSCAR)[-1]
    assert world.slack.messages(APPROVALS) == []


def test_a_guest_in_the_group_may_ask_but_is_decided_on_like_everybody(worlds: Worlds) -> None:
    world = worlds(policy(requesters=[DEVELOPERS], guests=True))
    world.slack.add_group(DEVELOPERS, "developers", [GITA])

    world.types(GITA, f"request {IP} 2h orders")

    assert GITA in world.card.all_text
    assert world.grants() == []


@pytest.mark.parametrize("source", ["droplet:163973392", "tag:jobs", f"k8s:{K8S}", f"app:{APP}"])
def test_other_kinds_of_source_are_lent_where_the_policy_takes_them(
    worlds: Worlds, source: str
) -> None:
    world = worlds(policy(source_types=["ip_addr", "droplet", "tag", "k8s", "app"]))

    world.granted(f"request {source} 1h orders")
    assert source in world.sources()
    assert source in world.card.all_text

    world.pass_time(hours=1)
    assert source not in world.sources()


@pytest.mark.parametrize(
    ("defaults", "source"),
    [
        ({"min_prefix": 24}, "203.0.113.0/24"),
        ({"allow_private": True}, "10.0.0.4"),
        ({"allow_private": True}, "100.64.1.1"),
    ],
)
def test_networks_and_private_addresses_are_lent_where_the_policy_takes_them(
    worlds: Worlds, defaults: dict[str, Any], source: str
) -> None:
    world = worlds(policy(**defaults))

    world.granted(f"request {source} 1h orders")

    assert f"ip_addr:{source}" in world.sources()


def test_the_card_says_how_wide_a_network_is(worlds: Worlds) -> None:
    world = worlds(policy(min_prefix=24))

    world.types(RITA, "request 203.0.113.0/24 1h orders")

    assert "256 addresses" in world.card.all_text


def test_a_request_is_remembered_when_the_bot_is_started_again(world: World) -> None:
    world.types(RITA, f"request {IP} 2h orders")

    world.restart()
    world.presses(ALICE, world.card, "Approve")

    assert f"ip_addr:{IP}" in world.sources()
    assert world.grant().expires_at - world.grant().approved_at == timedelta(hours=2)


def test_a_duration_behind_the_cluster_is_meant_as_one(world: World) -> None:
    world.types(RITA, f"request {IP} orders 2h invoice 88")
    assert "for 2h" in world.card.text
    assert "invoice 88" in world.card.text


def test_p4_what_is_typed_counts_more_than_the_channel_and_the_usual_duration(
    worlds: Worlds,
) -> None:
    """A written policy would open the channel's cluster at once."""
    written = {"requesters": ["*"], "sources": ["203.0.113.0/24"], "max_duration": "8h"}
    analytics = {**TWO_CLUSTERS["analytics"], "auto_approve": [written]}
    world = worlds(policy(TWO_CLUSTERS | {"analytics": analytics}))
    world.slack.add_channel("C0ANALYTICS", "analytics")

    world.types(RITA, f"request {IP} 1h 30m orders fixing the job", channel="C0ANALYTICS")

    assert world.grants() == []
    asked = world.request()
    assert (asked.cluster, asked.duration, asked.reason) == (
        "orders",
        timedelta(minutes=90),
        "fixing the job",
    )


def test_p4_a_cluster_that_only_the_reason_names_is_not_that_of_the_channel(
    worlds: Worlds,
) -> None:
    world = worlds(policy(TWO_CLUSTERS))
    world.slack.add_channel("C0ANALYTICS", "analytics")

    world.types(RITA, f"request {IP} half an hour fixing orders", channel="C0ANALYTICS")

    form = world.eventually(lambda: world.slack.modal(RITA))
    assert filled_in(form, "cluster") == "orders"
    assert filled_in(form, "duration") == "half an hour"
    assert filled_in(form, "reason") == "fixing orders"
    assert world.rows()["RequestRow"] == 0

    world.slack.close_modal(RITA)
    world.types(RITA, f"request {IP} 1h on ordres please", channel="C0ANALYTICS")
    assert filled_in(world.eventually(lambda: world.slack.modal(RITA)), "cluster") == ""


def test_an_address_with_an_invisible_character_is_simply_read(world: World) -> None:
    world.types(RITA, f"request \u2068{IP}\u2069 2\xa0hours `orders` fix")

    assert world.request().duration == timedelta(hours=2)
    assert str(world.request().source) == IP


def until(world: World, **ahead: float) -> str:
    """An end, by the clock on Rita's wall."""
    there = (world.clock.now() + timedelta(**ahead)).astimezone(ZoneInfo("Europe/Berlin"))
    return f"until {there:%H:%M}"


def test_an_end_is_a_time_where_the_requester_is(world: World) -> None:
    world.types(RITA, f"request {IP} {until(world, hours=3)} orders fix")

    asked = world.request()
    assert timedelta(hours=2, minutes=58) < asked.duration <= timedelta(hours=3)


def test_an_end_of_somebody_who_is_not_known_yet_waits_for_slack(world: World) -> None:
    world.restart()
    world.forget(RITA)

    answer = world.types(RITA, f"request {IP} {until(world, hours=3)} orders fix")

    assert answer.text == "" or "#1" in answer.text
    world.eventually(lambda: world.rows()["RequestRow"] == 1 or None)
    assert world.request().duration <= timedelta(hours=3)


def test_an_extension_until_a_time_ends_the_access_then(world: World) -> None:
    world.granted(f"request {IP} 1h orders fixing the nightly job")
    before = world.grant().expires_at

    world.types(RITA, f"extend 1 {until(world, hours=3)} not done yet")

    asked = world.request(2)
    left = world.clock.now() + timedelta(hours=3) - before
    assert left - timedelta(minutes=1) < asked.duration <= left
    world.types(RITA, "cancel 2")
    assert "lasts until then" in world.types(RITA, f"extend 1 {until(world, minutes=20)}").text


def test_an_end_in_a_form_is_read_too(world: World) -> None:
    opened(world)

    world.slack.submit(RITA, {"Source IP": IP, "Custom duration": until(world, hours=3)})
    world.settle()

    assert timedelta(hours=2, minutes=58) < world.request().duration <= timedelta(hours=3)


def test_a_request_can_be_typed_in_the_apps_own_messages(world: World) -> None:
    """They say to type `/dbaccess`; no cluster has this channel, so nothing is guessed from it."""
    world.types(RITA, f"request {IP} 2h orders", channel=f"D{RITA[1:]}")

    assert world.request().requester == RITA
    assert "Request #1 sent" in world.whispered(RITA)[-1]
