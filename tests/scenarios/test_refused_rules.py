"""One rule that DigitalOcean no longer takes makes it refuse every list that it is in."""

from collections.abc import Callable
from typing import Any

from bot.domain.lifecycle import EndReason, GrantState
from tests.scenarios.world import ALICE, IP, ORDERS, RITA, World, policy

TRUSTED = f"ip_addr:{IP}"
FOREIGN = {"ip_addr:198.51.100.7", "tag:backend"}
SHOP, JOBS = "418230517", "423907118"

Worlds = Callable[[dict[str, Any]], World]


def lend(world: World, source: str) -> None:
    world.types(RITA, f"request {source} 2h orders")
    world.presses(ALICE, world.card, "Approve")


def writes_while(world: World, act: Callable[[], None]) -> int:
    before = world.writes()
    act()
    return world.writes() - before


def test_p3_a_rule_that_was_adopted_and_is_refused_is_told_and_not_tried_without_end(
    world: World,
) -> None:
    world.digitalocean.plant_rule(ORDERS, {"type": "droplet", "value": SHOP})
    world.adopts(ALICE, f"adopt orders droplet:{SHOP} 1d winding down")
    lend(world, IP)
    world.digitalocean.reject_source(f"droplet:{SHOP}", "invalid firewall rule")

    def end() -> None:
        world.pass_time(hours=2)
        for _ in range(8):
            world.pass_time(minutes=1)

    assert writes_while(world, end) <= 30
    [alarm] = [told for told in world.operators() if f"droplet:{SHOP}" in told]
    assert "rejects every change to this firewall" in alarm
    assert world.grant(1).state == GrantState.ACTIVE

    world.digitalocean.remove_rule(ORDERS, "droplet", SHOP)
    world.pass_time(minutes=1)
    assert world.sources() == FOREIGN


def test_p3_ours_goes_once_the_other_one_that_is_refused_has_gone(worlds: Worlds) -> None:
    world = worlds(policy(source_types=["ip_addr", "droplet"]))
    world.digitalocean.plant_rule(ORDERS, {"type": "droplet", "value": SHOP})
    lend(world, f"droplet:{JOBS}")
    lend(world, IP)
    world.digitalocean.reject_source(f"droplet:{SHOP}", "invalid firewall rule")
    world.digitalocean.reject_source(f"droplet:{JOBS}", "invalid firewall rule")
    world.types(RITA, "revoke 2")
    world.pass_time(minutes=1)
    assert TRUSTED in world.sources()

    world.digitalocean.accept_source(f"droplet:{JOBS}")
    world.digitalocean.remove_rule(ORDERS, "droplet", SHOP)
    world.digitalocean.reject_source(f"droplet:{JOBS}", "invalid firewall rule")
    for _ in range(2):
        world.pass_time(minutes=1)
    assert TRUSTED not in world.sources()


def test_a_busy_cluster_that_comes_back_with_a_rule_that_is_refused_is_looked_into(
    world: World,
) -> None:
    world.digitalocean.plant_rule(ORDERS, {"type": "droplet", "value": SHOP})
    lend(world, IP)
    world.digitalocean.set_busy(ORDERS, "resizing", code=422, message="invalid firewall rule")
    world.types(RITA, "revoke 1")
    world.pass_time(minutes=1)
    world.digitalocean.set_online(ORDERS)
    world.digitalocean.reject_source(f"droplet:{SHOP}", "invalid firewall rule")
    for _ in range(8):
        world.pass_time(minutes=1)

    assert f"droplet:{SHOP}" in world.operators()[-1]
    assert "resizing" not in world.operators()[-1]


def test_a_word_of_the_error_is_not_taken_for_a_tag(worlds: Worlds) -> None:
    world = worlds(policy(source_types=["ip_addr", "tag"]))
    world.digitalocean.add_tag("database")
    lend(world, "tag:database")
    world.digitalocean.plant_rule(ORDERS, {"type": "droplet", "value": SHOP})
    world.digitalocean.reject_source(f"droplet:{SHOP}", "invalid database firewall rule")
    lend(world, IP)
    world.pass_time(minutes=2)

    assert world.grant(1).state == GrantState.ACTIVE
    assert world.grant(2).end_reason is not EndReason.FAILED
