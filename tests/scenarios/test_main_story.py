"""The main job, whole: request, approve, apply, warn, expire."""

import pytest

from tests.scenarios.world import ALICE, IP, RITA, World

pytestmark = pytest.mark.both_databases

TRUSTED = f"ip_addr:{IP}"


def test_access_is_asked_for_approved_applied_and_taken_away_in_time(world: World) -> None:
    answer = world.types(RITA, f"request {IP} 2h orders fixing the nightly job")
    assert answer.status == 200
    assert "#1" in answer.text
    assert "orders" in answer.text

    card = world.card
    assert card.buttons == ["Approve", "Deny"]
    for fact in (RITA, "orders", IP, "2h", "fixing the nightly job", "New address"):
        assert fact.lower() in card.all_text.lower()
    assert TRUSTED not in world.sources()

    world.presses(ALICE, card, "Approve")
    assert TRUSTED in world.sources()
    assert world.card.buttons == []
    assert ALICE in world.card.all_text
    assert any("You can connect" in told for told in world.told(RITA))
    assert any(" is open* until" in said for said in world.thread())

    world.pass_time(hours=1, minutes=49)
    assert "Extend…" not in [b for dm in world.slack.dms(RITA)[2:] for b in dm.buttons]
    world.pass_time(minutes=1)
    warning = world.slack.dms(RITA)[-1]
    assert warning.buttons == ["Connect", "Extend…", "End access"]

    world.pass_time(minutes=9, seconds=59)
    assert TRUSTED in world.sources()
    world.pass_time(seconds=1)
    assert world.sources() == {"ip_addr:198.51.100.7", "tag:backend"}
    assert world.grant().state == "ended"
    assert world.grant().end_reason == "expired"
    assert "ended" in world.told(RITA)[-1].lower()
    assert "ended" in world.thread()[-1].lower()
