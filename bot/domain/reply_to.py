"""Where the answer to what somebody did goes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReplyTo:
    """Where one person's answer goes: the interaction's own address, else a direct message.

    `address` is what `bot.slack` passed in, and opaque to all others. `in_place`: what was pressed
    stands in a message about nothing else, whose place the answer may take.
    """

    user_id: str
    address: str | None = None
    in_place: bool = False
