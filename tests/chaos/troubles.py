"""What can go wrong with either API in the weather, and a world in which it takes no real time."""

from collections.abc import Callable
from typing import Any

from dbaccess_playground.faults import Fault
from tests.scenarios.world import World
from tests.storage import Storage

Maker = Callable[..., Fault]
CLOUD_FAULTS: tuple[Maker, ...] = (
    lambda **aim: Fault.status(500, **aim),
    lambda **aim: Fault.status(401, **aim),
    lambda **aim: Fault.status(404, **aim),
    lambda **aim: Fault.status(429, **aim),
    lambda **aim: Fault.status(429, retry_after=20, **aim),
    lambda **aim: Fault.lost_answer(**aim),
    lambda **aim: Fault.lost_answer(code=504, **aim),
    Fault.reset,
    Fault.half_body,
)
SLACK_FAULTS: tuple[Maker, ...] = (
    lambda **aim: Fault.status(500, **aim),
    lambda **aim: Fault.status(401, **aim),
    lambda **aim: Fault.status(429, retry_after=15, **aim),
    lambda **aim: Fault.lost_answer(**aim),
    Fault.reset,
    Fault.half_body,
)


class ChangeableWorld(World):
    """A world in which no clock but the one that is moved by hand counts."""

    def __init__(self, storage: Storage, policy: dict[str, Any] | None = None) -> None:
        super().__init__(storage, policy)
        self.client_waits_for_nothing()
