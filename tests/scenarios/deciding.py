"""What the stories about decisions share: one request, and what must hold after a refusal."""

from bot.domain.lifecycle import RequestState
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.world import (
    IP,
    RITA,
    World,
)

ASK = f"request {IP} 2h orders invoice 88"
TRUSTED = f"ip_addr:{IP}"


def asked(world: World, by: str = RITA) -> Message:
    """Let somebody ask; return the approval message."""
    world.types(by, ASK)
    return world.card


def assert_undecided(world: World) -> None:
    assert world.request().state is RequestState.PENDING
    assert world.grants() == []
    assert world.writes() == 0
    assert world.card.buttons == ["Approve", "Deny"]


def assert_refused(world: World, user: str, *words: str) -> None:
    """Nothing was decided, the clicker was told why, and the audit has it."""
    assert_undecided(world)
    for word in words:
        assert word in world.whispered(user)[-1]
    assert ("decision.refused", user) in world.audited()
