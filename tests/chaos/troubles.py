"""What can go wrong with either API in the weather, and a world in which it takes no real time."""

from collections.abc import Callable

from dbaccess_playground.faults import Fault
from tests.scenarios.world import World

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

    def settle(self) -> None:
        parts, client = self.service.components, self.client
        client._sleep = lambda _seconds: None
        client._monotonic = lambda: self.clock.now().timestamp()
        parts.directory._clock_seconds = lambda: self.clock.now().timestamp()
        super().settle()
