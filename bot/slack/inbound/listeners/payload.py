"""What a listener is told: its payload is read by a middleware of its own, before it runs."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from slack_bolt import BoltContext

_PAYLOAD = "dbaccess_payload"

T = TypeVar("T")


class Payload(Generic[T]):
    """What listeners of one kind read from what Slack sends.

    `read`, a listener's middleware, keeps it in the context; `of` returns it to the listener.
    *parse* raises `Unreadable` where a payload does not say what it must.
    """

    def __init__(self, parse: Callable[[dict[str, Any]], T]) -> None:
        self._parse = parse

    def read(self, body: dict[str, Any], context: BoltContext, next_: Callable[[], None]) -> None:
        """Read the payload; where it is unreadable, the listener does not run."""
        context[_PAYLOAD] = None  # from here on, what goes wrong is no fault of Bolt's
        context[_PAYLOAD] = self._parse(body)
        next_()

    def of(self, context: BoltContext) -> T:
        """Return what was read."""
        return cast("T", context[_PAYLOAD])


def was_read(context: BoltContext) -> bool:
    """Tell whether a listener of ours was reached, and its payload read or at least begun."""
    return _PAYLOAD in context
