"""Where the answer to what somebody did goes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReplyTo:
    """Where one person's answer goes: the interaction's own address, else a direct message.

    `address` is what `bot.slack` passed in, and opaque to all others.
    """

    user_id: str
    address: str | None = None
