"""Who may look: guests, outsiders and people without a right see nothing of a cluster (P4)."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from bot.domain.people import Standing
from bot.slack.inbound.payloads import SHORTCUT
from dbaccess_playground.faults import Fault
from tests.scenarios.forms import block, opened
from tests.scenarios.machines import picks, with_machines
from tests.scenarios.open_world import OpenWorld, assert_dead
from tests.scenarios.world import (
    ALICE,
    ANALYTICS,
    BOB,
    EVE,
    GITA,
    IP,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]
DORA = "U0DORA"
OTHER_IP = "203.0.113.5"
MEMBERS_ONLY = "Guests and other organisations may not do this"
GLASS = {"requesters": ["*"], "max_duration": "30m"}
COMMANDS = [
    "",
    "request",
    f"request {OTHER_IP} 2h orders",
    f"request {OTHER_IP} 2h",
    f"request {OTHER_IP} 2h ordres",
    "emergency",
    f"emergency {OTHER_IP} 30m orders now",
    "list",
    "list all",
    "extend 1 1h",
    "revoke 1",
    "cancel 1",
    "clusters",
    "sources orders",
    "sources",
    "connect orders",
    "connect ordres",
    "history",
    "history orders",
    "myip",
    f"adopt orders {IP} 1w",
]


def learns(world: World, user: str) -> str:
    """All that somebody was shown so far: messages to them alone, forms and their Home tab."""
    shown = [*world.whispered(user), *world.told(user)]
    views = [world.slack.modal(user), world.slack.home(user)]
    return "\n".join([*shown, *(json.dumps(view) for view in views if view)])


def types(world: World, user: str, text: str) -> str:
    """Let somebody type a command; return the answer, whether it comes at once or later."""
    before = len(world.whispered(user))
    answer = world.types(user, text)
    if answer.text:
        return answer.text
    return world.eventually(lambda: _answer(world, user, before))


def _answer(world: World, user: str, before: int) -> str | None:
    world.settle()
    said = world.whispered(user)[before:]
    return said[-1] if said else None


def _answer_with(world: World, word: str, before: int) -> bool:
    """Tell whether an answer with that word has come: perhaps before the acknowledgement did."""
    return any(word in text for text in world.whispered(RITA)[before:])


def changes(world: World) -> dict[str, int]:
    """Count what was changed so far."""
    rows = world.rows()
    return {name: rows[name] for name in ("RequestRow", "GrantRow", "DecisionRow", "AuditRow")}


def is_told(world: World, user: str, sentence: str, *, times: int) -> None:
    """Wait until somebody has been told a sentence so many times."""

    def ask() -> bool:
        world.settle()
        return learns(world, user).count(sentence) >= times

    world.eventually(ask)


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "to be asked about"])
@pytest.mark.parametrize("user", [GITA, EVE])
def test_p4_guests_and_outsiders_see_nothing_and_change_nothing_by_any_command_but_help(
    worlds: Worlds, user: str, is_known: bool
) -> None:
    world = worlds(policy({"orders": {"id": ORDERS, "emergency": GLASS}}))
    world.granted()
    before = changes(world)

    for times, text in enumerate(COMMANDS, start=1):
        if not is_known:
            world.forget(user)
        world.types(user, text)
        is_told(world, user, MEMBERS_ONLY, times=times)

    said = learns(world, user)
    assert not [secret for secret in (IP, "`orders`", "office", "psql", "/ip/") if secret in said]
    assert world.slack.modal(user) is None
    assert changes(world) == before


def test_p4_a_deactivated_account_gets_nothing_at_all(worlds: Worlds) -> None:
    world = worlds(policy({"orders": {"id": ORDERS, "emergency": GLASS}}))
    world.granted()
    world.slack.add_user(DORA, "dora", deleted=True)
    before = changes(world)

    for times, text in enumerate(COMMANDS, start=1):
        world.types(DORA, text)
        is_told(world, DORA, "account was deactivated", times=times)

    said = learns(world, DORA)
    assert not [secret for secret in (IP, "`orders`", "office", "psql", "/ip/") if secret in said]
    assert changes(world) == before


def test_p4_whose_standing_slack_does_not_tell_gets_no_and_is_told_so(world: World) -> None:
    world.forget(RITA)
    world.slack.faults.add(Fault.status(503, target="users.info", times=None))
    before = changes(world)

    for times, text in enumerate(COMMANDS, start=1):
        world.types(RITA, text)
        for _ in range(20):
            world.pass_time(seconds=2)
        is_told(world, RITA, "Slack didn't confirm your rights", times=times)

    said = learns(world, RITA)
    assert not [secret for secret in ("office", "psql", "/ip/") if secret in said]
    assert world.slack.modal(RITA) is None
    assert changes(world) == before


def test_help_is_for_everybody_and_names_no_cluster(world: World) -> None:
    world.slack.faults.add(Fault.status(503, target="users.info", times=None))
    for user in (GITA, EVE):
        world.forget(user)
        said = world.types(user, "help").text
        assert "/dbaccess" in said
        assert "`orders`" not in said


def test_a_member_is_answered_in_the_acknowledgement_while_slack_has_just_said_who_they_are(
    world: World,
) -> None:
    calls = len(world.slack.calls)

    assert "#1" in world.slack.command(RITA, f"request {IP} 2h", channel_id="C0GENERAL").text
    assert len(world.slack.calls) == calls, "nobody waits for Slack"


def test_the_acknowledgement_waits_for_no_directory(world: World) -> None:
    world.forget(RITA)
    world.slack.faults.add(Fault.hang(target="users.info"))

    answer = world.slack.command(RITA, "list", channel_id="C0GENERAL")

    assert (answer.status, answer.text) == (200, "")


# What belongs to others.

SECRET: dict[str, dict[str, Any]] = {
    "orders": {"id": ORDERS},
    "ledger": {"id": ANALYTICS, "requesters": [OSCAR], "approvers": [BOB]},
}


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "to be asked about"])
def test_p4_a_cluster_of_others_looks_like_one_that_there_is_not(
    worlds: Worlds, is_known: bool
) -> None:
    world = worlds(policy(SECRET))
    commands = [
        "request {ip} 2h {c}",
        "sources {c}",
        "connect {c}",
        "history {c}",
        "adopt {c} {ip} 1w",
    ]
    for text in commands:
        said = {}
        for cluster in ("ledger", "kitchn"):
            if not is_known:
                world.forget(RITA)
            said[cluster] = types(world, RITA, text.format(ip=IP, c=cluster))

        offer = "There is no cluster `ledger`. You have `orders`."
        assert offer in said["ledger"]
        assert said["ledger"].replace("ledger", "kitchn") == said["kitchn"]


def test_p4_a_cluster_that_is_hidden_by_a_group_looks_like_one_that_there_is_not(
    worlds: Worlds,
) -> None:
    """Also where a command is saved before anybody knows what its maker may see."""
    by_groups = {
        "orders": {"id": ORDERS, "requesters": ["S0DEVELOPERS"]},
        "ledger": {"id": ANALYTICS, "requesters": ["S0LEDGER"], "approvers": [BOB]},
    }
    world = worlds(policy(by_groups))
    world.slack.add_group("S0DEVELOPERS", "developers", [RITA])
    world.slack.add_group("S0LEDGER", "ledger", [OSCAR])

    said = {}
    for cluster in ("ledger", "kitchn"):
        world.restart()
        world.forget(RITA)
        said[cluster] = types(world, RITA, f"request {IP} 2h {cluster}")

    offer = "There is no cluster `ledger`. You have `orders`."
    assert offer in said["ledger"]
    assert said["ledger"].replace("ledger", "kitchn") == said["kitchn"]


def test_p4_no_hint_names_a_cluster_of_others(worlds: Worlds) -> None:
    world = worlds(policy(SECRET))
    for text in ("sources ledgr", "history ledge", f"request {IP} 2h ledgerr"):
        assert "`ledger`" not in types(world, RITA, text)
        assert "Did you mean `ledger`?" in types(world, OSCAR, text)


def test_p4_lists_forms_and_home_offer_only_what_is_ones_own(worlds: Worlds) -> None:
    world = worlds(policy(SECRET))
    world.types(OSCAR, f"request {IP} 2h ledger")
    world.slack.open_home(RITA)
    world.settle()

    for text in ("clusters", "list", "history"):
        types(world, RITA, text)
    form = opened(world, "", by=RITA)

    assert "ledger" not in learns(world, RITA)
    assert "orders" in json.dumps(block(form, "cluster"))


def test_p4_in_a_channel_of_others_ones_own_cluster_is_meant(worlds: Worlds) -> None:
    """The channel's cluster is no default for somebody who may not ask for it."""
    written = {**SECRET, "ledger": {**SECRET["ledger"], "channel": "C0LEDGER"}}
    world = worlds(policy(written))
    world.slack.add_channel("C0LEDGER", "ledger-team")
    for is_known in (True, False):
        if not is_known:
            world.forget(RITA)
        before = len(world.whispered(RITA))
        answer = world.types(RITA, "sources", channel="C0LEDGER")
        assert "ledger" not in answer.text
        world.eventually(partial(_answer_with, world, "office", before))
        assert "`ledger`" not in learns(world, RITA)


def test_an_approver_who_may_not_ask_sees_the_cluster_all_the_same(worlds: Worlds) -> None:
    world = worlds(policy(SECRET))

    assert "office" in types(world, BOB, "sources ledger")
    assert "You may not request access to this cluster" in types(
        world, BOB, f"request {IP} 2h ledger"
    )


# Where guests are allowed.

GUESTS = {
    "orders": {"id": ORDERS},
    "analytics": {"id": ANALYTICS, "guests": True},
}


@pytest.mark.parametrize(
    ("user", "standing", "line"),
    [
        (GITA, Standing.GUEST, f"*Guest:* <@{GITA}>."),
        (EVE, Standing.OUTSIDER, f"*Of another organisation:* <@{EVE}>."),
    ],
)
def test_where_guests_are_allowed_the_card_says_on_a_line_of_its_own_that_one_asks(
    worlds: Worlds, user: str, standing: Standing, line: str
) -> None:
    world = worlds(policy(GUESTS))
    world.slack.open_home(ALICE)
    world.settle()

    assert "`analytics`" in types(world, user, f"request {IP} 2h")

    assert world.request().standing is standing
    assert [b for b in world.card.blocks if line in b.get("text", {}).get("text", "")]
    assert line in json.dumps(world.slack.home(ALICE))
    world.presses(ALICE, world.card, "Approve")
    assert f"ip_addr:{IP}" in world.sources(ANALYTICS)
    assert line in world.card.all_text, "it still says so when it is decided"


def test_a_members_card_has_no_such_line(world: World) -> None:
    world.types(RITA, f"request {IP} 2h")

    assert "guest" not in world.card.all_text.lower()
    assert world.request().standing is Standing.MEMBER


def test_an_approver_who_extends_a_guests_access_hides_nothing(worlds: Worlds) -> None:
    world = worlds(policy(GUESTS))
    world.granted(f"request {IP} 2h analytics", to=GITA)

    world.types(ALICE, "extend 1 1h")

    assert "*Guest:*" in world.card.all_text


def test_p4_guests_see_and_do_things_only_where_they_are_allowed(worlds: Worlds) -> None:
    world = worlds(policy(GUESTS))
    world.granted(f"request {OTHER_IP} 2h orders")
    world.slack.open_home(GITA)
    world.settle()

    assert "You have `analytics`." in types(world, GITA, f"request {IP} 2h orders")
    assert "You have `analytics`." in types(world, GITA, "sources orders")
    assert "`analytics`" in types(world, GITA, "clusters")
    assert "office" in types(world, GITA, "sources analytics")
    form = opened(world, "", by=GITA)

    assert OTHER_IP not in learns(world, GITA)
    assert "orders" not in json.dumps([form["blocks"], world.slack.home(GITA)])


def test_a_guest_may_still_end_what_they_have_where_guests_are_no_longer_allowed(
    worlds: Worlds,
) -> None:
    """P3, P4: it only takes access away, and nobody has to be asked for that."""
    world = worlds(policy(guests=True))
    world.granted(to=GITA)
    world.govern(policy())
    world.forget(GITA)
    world.slack.faults.add(Fault.status(503, target="users.info", times=None))

    world.types(GITA, "revoke 1")

    assert f"ip_addr:{IP}" not in world.sources()


def test_p4_a_guest_extends_nothing_where_guests_are_no_longer_allowed(worlds: Worlds) -> None:
    world = worlds(policy(GUESTS))
    world.granted(f"request {IP} 2h analytics", to=GITA)
    world.govern(policy({**GUESTS, "analytics": {"id": ANALYTICS}, "orders": {"id": ORDERS}}))

    assert MEMBERS_ONLY in types(world, GITA, "extend 1 1h")


def test_p4_who_became_a_guest_is_one_from_that_moment_on(world: World) -> None:
    assert "office" in types(world, RITA, "sources orders")
    world.slack.add_user(RITA, "rita", is_restricted=True)

    world.slack.event({"type": "user_change", "user": {"id": RITA, "is_restricted": True}})

    assert MEMBERS_ONLY in types(world, RITA, "sources orders")


# The other roads.


def _more_than(world: World, user: str, told: int) -> bool:
    return len(world.told(user)) > told


@pytest.mark.parametrize("user", [GITA, EVE])
def test_p4_the_shortcut_opens_no_form_for_guests(world: World, user: str) -> None:
    for is_known in (True, False):
        if not is_known:
            world.forget(user)
        told = len(world.told(user))
        world.slack.shortcut(user, SHORTCUT)
        world.eventually(partial(_more_than, world, user, told))

        assert MEMBERS_ONLY in world.told(user)[-1]
        assert world.slack.modal(user) is None


@pytest.mark.parametrize("user", [GITA, EVE])
def test_p4_the_home_tab_of_a_guest_says_that_it_is_for_members(world: World, user: str) -> None:
    world.slack.open_home(user)
    world.settle()

    shown = json.dumps(world.slack.home(user))
    assert "can't request access here" in shown
    assert "orders" not in shown


def test_p4_the_home_tab_offers_nothing_while_slack_does_not_say_who_somebody_is(
    world: World,
) -> None:
    world.types(RITA, f"request {IP} 2h")
    world.forget(ALICE)
    world.slack.faults.add(Fault.status(503, target="users.info", times=None))

    world.slack.open_home(ALICE)
    world.settle()

    shown = json.dumps(world.slack.home(ALICE))
    assert "Slack did not say" in shown
    assert IP not in shown
    assert "orders" not in shown


def test_p4_an_open_form_offers_nothing_to_who_is_a_guest_by_now(worlds: Worlds) -> None:
    world = with_machines(worlds)
    picks(world, "droplet")
    world.slack.add_user(RITA, "rita", is_restricted=True)
    world.slack.event({"type": "user_change", "user": {"id": RITA, "is_restricted": True}})

    world.eventually(lambda: world.slack.suggest(RITA, "source", "web") == [])


def test_p4_a_form_that_a_guest_sends_off_is_refused_though_it_was_opened_by_a_member(
    world: World,
) -> None:
    opened(world, "", by=RITA)
    world.slack.add_user(RITA, "rita", is_restricted=True)
    world.slack.event({"type": "user_change", "user": {"id": RITA, "is_restricted": True}})

    assert world.slack.submit(RITA, {"source": IP}).errors == {}
    is_told(world, RITA, MEMBERS_ONLY, times=1)

    assert changes(world)["RequestRow"] == 0


def test_a_form_that_was_open_for_long_is_still_judged_before_it_closes(world: World) -> None:
    opened(world, "", by=RITA)
    world.forget(RITA)

    answer = world.slack.submit(RITA, {"source": "2001:db8::1"})

    assert "IPv6" in answer.errors["source"]


@pytest.mark.parametrize("use", [OpenWorld.visits, OpenWorld.uses])
def test_p4_an_address_link_is_dead_once_its_owner_is_no_member(
    opens: Callable[..., OpenWorld], use: Callable[[OpenWorld, str], Any]
) -> None:
    world = opens()
    token = world.link()
    world.slack.deactivate_user(RITA)
    world.forget(RITA)

    assert_dead(use(world, token))
    assert "Your browser comes from" not in learns(world, RITA)


def test_p4_an_address_link_waits_for_slack_to_say_who_its_owner_is(
    opens: Callable[..., OpenWorld],
) -> None:
    world = opens()
    token = world.link()
    world.forget(RITA)
    world.slack.faults.add(Fault.status(503, target="users.info", times=None))
    assert world.uses(token).status_code == 503

    world.slack.faults.clear()

    assert world.uses(token).status_code == 200
