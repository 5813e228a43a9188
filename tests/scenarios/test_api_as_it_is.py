"""What DigitalOcean's API may do, and no source tells: access begins and ends all the same."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.lifecycle import EndReason, GrantState
from dbaccess_playground.digitalocean.clusters import Change
from dbaccess_playground.faults import Fault
from tests.scenarios.world import ALICE, IP, OFFICE, ORDERS, RITA, World, policy

TRUSTED = f"ip_addr:{IP}"
FOREIGN = {"ip_addr:198.51.100.7", "tag:backend"}
DROPLET = "droplet:163973392"

Worlds = Callable[[dict[str, Any]], World]


def asked(world: World, text: str = f"request {IP} 2h orders") -> None:
    """Have somebody ask and Alice approve; the worker has not seen it yet."""
    world.types(RITA, text)
    world.slack.click(ALICE, world.card, "Approve")


# What becomes of what was written


@pytest.mark.parametrize(
    "behaviour",
    [
        {"descriptions": "cut"},
        {"descriptions": "cut", "description_length": 8},
        {"descriptions": "escaped"},
        {"descriptions": "dropped"},
        {"uuids": "new"},
        {"uuids": "new", "descriptions": "dropped"},
        {"uuids": "taken"},
        {"created_at": "new"},
        {"addresses": "with_prefix"},
        {"duplicates": "first"},
        {"stale_seconds": 3.0},
        {"stale_reads": 2},
        {"stale_reads": 1, "descriptions": "cut"},
    ],
    ids=str,
)
def test_p3_access_begins_once_and_ends_whatever_the_api_makes_of_a_write(
    world: World, behaviour: dict[str, Any]
) -> None:
    before = len(world.sources())
    for name, value in behaviour.items():
        setattr(world.digitalocean.behaviour, name, value)
    asked(world)
    world.settle()
    for _ in range(3):
        world.pass_time(minutes=5)

    assert world.grant().state == GrantState.ACTIVE
    assert world.grant().owned is True
    assert sum("You can connect" in told for told in world.told(RITA)) == 1
    assert world.writes() <= 3

    begun = world.writes()
    world.pass_time(hours=2)
    for _ in range(3):
        world.pass_time(minutes=5)
    assert world.grant().end_reason == EndReason.EXPIRED
    assert not any(IP in source for source in world.sources())
    assert world.writes() <= begun + 2
    assert not any("Can't" in told for told in world.operators())
    assert len(world.sources()) == before


@pytest.mark.parametrize("descriptions", ["cut", "escaped", "dropped"])
def test_an_adoption_works_without_a_label_and_goes_at_its_time(
    world: World, descriptions: Any
) -> None:
    world.digitalocean.behaviour.descriptions = descriptions
    world.adopts(ALICE, "adopt orders 198.51.100.7 1d winding down the old office")
    world.settle()
    for _ in range(3):
        world.pass_time(minutes=5)
    assert world.grant().state == GrantState.ACTIVE
    assert world.writes() <= 3

    world.pass_time(days=1)
    assert world.grant().end_reason == EndReason.EXPIRED
    assert world.sources() == {"tag:backend"}


# A cluster that takes no changes


@pytest.mark.parametrize("code", [409, 412, 422, 423])
def test_a_cluster_that_takes_no_changes_for_a_while_ends_nothing_and_the_holder_hears(
    world: World, code: int
) -> None:
    world.digitalocean.set_busy(ORDERS, "resizing", code=code)
    asked(world)
    world.settle()
    assert world.grant().state == GrantState.APPLYING
    [delayed] = [told for told in world.told(RITA) if "Opening access…" in told]
    assert "resizing" in delayed or "changes" in delayed

    for _ in range(4):
        world.pass_time(minutes=1)
    assert sum("Opening access…" in told for told in world.told(RITA)) == 1
    world.digitalocean.set_online(ORDERS)
    world.pass_time(minutes=1)
    assert world.grant().state == GrantState.ACTIVE
    assert world.sources() == {*FOREIGN, TRUSTED}


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_cluster_that_says_it_is_online_a_little_too_early_ends_nothing(
    world: World, times: int
) -> None:
    """It does, for some seconds after a resize was asked for (digitalocean/doctl #1936)."""
    world.digitalocean.set_busy(ORDERS, "resizing", code=422, times=times, says_online=True)
    asked(world)
    world.settle()
    world.pass_time(minutes=1)
    assert world.grant().state == GrantState.ACTIVE


def test_a_rule_that_an_online_cluster_refuses_ends_its_grant_alone(world: World) -> None:
    world.digitalocean.reject_source(TRUSTED, "address is blocked")
    asked(world)
    asked(world, "request 203.0.113.5 2h orders")
    world.settle()

    assert world.grant(1).end_reason == EndReason.FAILED
    assert world.grant(2).state == GrantState.ACTIVE
    assert any("address is blocked" in told for told in world.told(RITA))


def test_a_source_that_is_gone_when_its_rule_is_put_back_ends_the_grant_with_a_word(
    worlds: Worlds,
) -> None:
    world = worlds(policy(on_outside_removal="restore", source_types=["ip_addr", "droplet"]))
    world.digitalocean.add_droplet("web-1", 163973392)
    asked(world, f"request {DROPLET} 2h orders")
    world.settle()
    assert world.grant().state == GrantState.ACTIVE
    world.pass_time(minutes=5)
    world.digitalocean.remove_rule(ORDERS, "droplet", "163973392")
    world.digitalocean.reject_source(DROPLET)
    world.pass_time(minutes=6)

    assert world.grant().end_reason == EndReason.REMOVED_OUTSIDE
    assert "#1 to `orders` has ended early" in world.told(RITA)[-1]


# Rules of others


def test_p1_fields_and_types_that_nobody_knows_yet_go_back_as_they_came(world: World) -> None:
    world.digitalocean.plant_rule(ORDERS, {"type": "vpc", "value": "f00d"})
    office = {"type": "ip_addr", "value": OFFICE["value"]}
    world.digitalocean.plant_rule(ORDERS, {**office, "labels": {"team": "data"}, "enabled": True})
    before = world.digitalocean.rules(ORDERS)
    world.granted()
    world.pass_time(hours=2)

    assert world.writes() == 2
    assert world.digitalocean.rules(ORDERS) == before


@pytest.mark.parametrize("words", [None, "invalid firewall rule"])
def test_p3_a_rule_of_others_that_is_no_longer_taken_is_named_until_it_is_gone(
    world: World, words: str | None
) -> None:
    world.digitalocean.plant_rule(ORDERS, {"type": "droplet", "value": "418230517"})
    world.granted()
    world.digitalocean.reject_source("droplet:418230517", words)
    world.pass_time(hours=2)
    for _ in range(8):
        world.pass_time(minutes=1)
    [alarm] = [told for told in world.operators() if "droplet:418230517" in told]
    assert "which dbaccess did not add" in alarm
    assert "#1" in alarm
    assert TRUSTED in world.sources()

    world.digitalocean.remove_rule(ORDERS, "droplet", "418230517")
    world.pass_time(minutes=1)
    assert world.sources() == FOREIGN
    assert world.grant().end_reason == EndReason.EXPIRED


def test_p3_a_rule_of_ours_that_is_no_longer_taken_goes_and_holds_up_nobody(
    worlds: Worlds,
) -> None:
    world = worlds(policy(source_types=["ip_addr", "droplet"]))
    world.digitalocean.add_droplet("web-1", 163973392)
    asked(world, f"request {DROPLET} 2h orders")
    world.settle()
    world.digitalocean.reject_source(DROPLET)
    asked(world, f"request {IP} 2h orders")
    world.settle()

    assert world.sources() == {*FOREIGN, TRUSTED}
    assert world.grant(1).end_reason == EndReason.REMOVED_OUTSIDE
    assert world.grant(2).state == GrantState.ACTIVE


# Open to the world


def test_p2_a_cluster_that_becomes_open_is_told_until_it_is_closed(world: World) -> None:
    world.granted()
    world.pass_time(minutes=2)
    world.digitalocean.terraform_destroy(ORDERS)
    world.pass_time(minutes=5)

    [told] = [text for text in world.operators() if "is open to everyone" in text]
    assert "#1" in told
    assert "is open to everyone" in world.told(RITA)[-1]
    for _ in range(4):
        world.pass_time(minutes=5)
    assert sum("is open to everyone" in text for text in world.operators()) >= 3
    assert not world.sources()

    world.digitalocean.add_rule(ORDERS, "tag", "backend")
    world.pass_time(minutes=5)
    assert "closed again" in world.operators()[-1]
    world.pass_time(hours=2)
    assert "closed again" in world.operators()[-1]


def test_a_cluster_that_may_be_open_is_not_told_of(worlds: Worlds) -> None:
    world = worlds(policy(allow_open=True))
    world.digitalocean.terraform_destroy(ORDERS)
    world.pass_time(hours=2)
    assert not world.operators()


# What is said at the end


def test_the_end_says_that_a_wider_rule_still_lets_the_address_in(world: World) -> None:
    world.granted()
    world.digitalocean.add_rule(ORDERS, "ip_addr", "203.0.113.0/24", "the whole office")
    world.pass_time(hours=2)

    assert "203.0.113.4 stays covered by `203.0.113.0/24`" in world.told(RITA)[-1]


def test_the_end_says_that_somebody_else_has_added_the_rule_meanwhile(world: World) -> None:
    world.granted()

    def add_by_hand(event: object) -> None:
        if isinstance(event, Change) and TRUSTED not in world.sources():
            stop()
            world.digitalocean.add_rule(ORDERS, "ip_addr", IP, "for good")

    stop = world.digitalocean.subscribe(add_by_hand)
    world.pass_time(hours=2)

    assert "stays trusted: someone else added it" in world.told(RITA)[-1]
    assert TRUSTED in world.sources()


def test_p1_a_rule_made_for_good_with_doctl_just_after_the_end_is_told_if_it_goes(
    world: World,
) -> None:
    world.granted()
    world.pass_time(hours=2)
    world.pass_time(seconds=10)
    world.digitalocean.doctl_append(ORDERS, "ip_addr", IP)
    world.pass_time(minutes=10)
    assert TRUSTED not in world.sources()
    assert f"Removed `{IP}` from `orders`" in world.operators()[-1]

    world.digitalocean.doctl_append(ORDERS, "ip_addr", IP)
    world.pass_time(hours=2)
    assert TRUSTED in world.sources()


# Nothing of ours was ever sent


@pytest.mark.parametrize(
    "refusal",
    [
        Fault.status(403, method="PUT", times=None),
        Fault.status(401, times=None),
        Fault.status(429, retry_after=0, method="PUT", times=None),
        Fault.status(412, method="PUT", times=None),
    ],
    ids=["403", "401", "429", "412"],
)
def test_p1_a_rule_that_a_person_adds_while_our_writes_are_refused_stays(
    world: World, refusal: Fault
) -> None:
    world.digitalocean.faults.add(refusal)
    asked(world)
    world.settle()
    world.pass_time(seconds=10)
    world.digitalocean.doctl_append(ORDERS, "ip_addr", IP)
    world.digitalocean.faults.clear()
    world.pass_time(minutes=6)
    assert world.grant().state == GrantState.ACTIVE
    assert world.grant().owned is False

    world.pass_time(hours=2)
    assert TRUSTED in world.sources()


def test_p5_a_source_of_terraforms_that_is_applied_anew_around_a_revoke_stays(
    world: World,
) -> None:
    world.digitalocean.add_rule(ORDERS, "ip_addr", IP)
    everything = [("ip_addr", "198.51.100.7"), ("tag", "backend"), ("ip_addr", IP)]
    world.digitalocean.faults.add(Fault.status(503, method="GET", times=None))
    asked(world)
    world.settle()
    world.digitalocean.terraform_apply(ORDERS, everything, creates=True)
    world.types(RITA, "revoke 1")
    world.digitalocean.faults.clear()
    world.pass_time(minutes=6)
    assert TRUSTED in world.sources()
    assert world.grant().state == GrantState.ENDED


def test_p5_a_rule_that_vanished_and_could_not_be_put_back_is_its_owners(world: World) -> None:
    world.digitalocean.add_rule(ORDERS, "ip_addr", IP, "mine")
    world.granted()
    assert world.grant().owned is False
    world.digitalocean.remove_rule(ORDERS, "ip_addr", IP)
    world.digitalocean.faults.add(Fault.status(403, method="PUT", times=None))
    world.pass_time(seconds=31)
    world.digitalocean.doctl_append(ORDERS, "ip_addr", IP)
    world.digitalocean.faults.clear()
    world.pass_time(minutes=6)
    world.pass_time(hours=2)

    assert TRUSTED in world.sources()


def test_the_audit_tells_of_no_write_that_never_was(world: World) -> None:
    world.digitalocean.faults.add(Fault.status(403, method="PUT"))
    asked(world)
    world.settle()
    assert "cluster.rules_written" not in [action for action, _ in world.audited()]
    world.digitalocean.faults.add(Fault.lost_answer(method="PUT"))
    world.pass_time(minutes=1)
    [written] = world.audit_rows("cluster.rules_written")
    assert "certain" not in written.detail, "its effect was seen"


# A lost database


def test_p7_a_label_keeps_its_own_end_where_the_same_source_is_asked_for_again_first(
    world: World,
) -> None:
    world.granted(f"request {IP} 4h orders")
    world.service.stop()
    world.lose_database()
    world.types(RITA, f"request {IP} 1h orders")
    world.presses(ALICE, world.card, "Approve")
    world.pass_time(hours=1, minutes=5)
    assert TRUSTED in world.sources()
    world.pass_time(hours=3)
    assert TRUSTED not in world.sources()
