"""What can go wrong with either API in a random scenario."""

from collections.abc import Callable

from dbaccess_playground.faults import Fault

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
