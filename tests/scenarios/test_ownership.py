"""Whose a rule is, where a colleague and dbaccess meet at the same source."""

from tests.scenarios.world import ALICE, IP, OFFICE, ORDERS, RITA, World


def test_p5_a_rule_added_by_hand_just_before_the_approval_stays_at_the_end(world: World) -> None:
    world.types(RITA, f"request {IP} 1h orders")
    first = world.card
    world.types(RITA, "request 203.0.113.5 1h orders")
    second = world.card
    theirs = world.digitalocean.add_rule(ORDERS, "ip_addr", IP)
    world.slack.click(ALICE, first, "Approve")
    world.slack.click(ALICE, second, "Approve")
    world.settle()
    assert world.grant(1).owned is False
    assert world.grant(2).owned is True

    world.pass_time(hours=1)
    assert theirs in world.digitalocean.rules(ORDERS)
    assert "ip_addr:203.0.113.5" not in world.sources()


def test_p5_a_source_that_is_trusted_already_is_said_to_be_so_before_anybody_decides(
    world: World,
) -> None:
    office = OFFICE["value"]

    answer = world.types(RITA, f"request {office} 2h orders")

    assert "*Trusted already:*" in answer.text
    assert "*Trusted already:*" in world.card.all_text
    assert "Trusted already" not in world.types(RITA, f"request {IP} 2h orders").text
