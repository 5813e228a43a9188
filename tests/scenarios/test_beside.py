"""Tools that write the whole list at each run, without reading it: Ansible, and the MCP server."""

from bot.domain.lifecycle import EndReason, GrantState
from tests.scenarios.world import IP, ORDERS, World

PERMANENT = [("ip_addr", "198.51.100.7"), ("tag", "backend")]
LENT = ("ip_addr", IP)


def test_a_playbook_run_ends_access_and_nothing_of_its_own_is_lost(world: World) -> None:
    world.granted()
    world.pass_time(minutes=5)

    world.digitalocean.ansible_playbook(ORDERS, PERMANENT)
    world.pass_time(minutes=6)

    assert world.grant().state is GrantState.ENDED
    assert world.grant().end_reason is EndReason.REMOVED_OUTSIDE
    assert world.sources() == {f"{kind}:{value}" for kind, value in PERMANENT}


def test_an_address_that_a_playbook_adds_while_it_is_lent_comes_back_with_the_next_run(
    world: World,
) -> None:
    world.granted()
    world.pass_time(minutes=5)
    world.digitalocean.ansible_playbook(ORDERS, [*PERMANENT, LENT])
    world.pass_time(minutes=6)
    assert "To keep one for good" in world.operators()[-1]

    world.pass_time(hours=2)
    assert world.grant().end_reason is EndReason.EXPIRED
    assert f"ip_addr:{IP}" not in world.sources()
    world.pass_time(minutes=5)  # within a minute, it would look like an old list

    world.digitalocean.ansible_playbook(ORDERS, [*PERMANENT, LENT])
    world.pass_time(hours=1)
    assert f"ip_addr:{IP}" in world.sources()
