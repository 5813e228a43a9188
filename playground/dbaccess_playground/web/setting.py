"""What the page shows besides the sandboxes: roles, the command, the tour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The company's time, which can run faster than the real one."""

    @property
    def rate(self) -> float:
        """Seconds per real second."""

    @rate.setter
    def rate(self, rate: float) -> None: ...

    def now(self) -> datetime:
        """Return the time, as an aware UTC datetime."""


class Bot(Protocol):
    """The bot between the two sandboxes, which can be switched off and on."""

    @property
    def running(self) -> bool:
        """Whether it runs."""

    def start(self) -> None:
        """Switch it on; nothing happens if it runs."""

    def stop(self) -> None:
        """Switch it off, as in a deployment; nothing happens if it does not run."""


@dataclass(frozen=True)
class Role:
    """A person who can be played, and their part in the company in a few words."""

    user_id: str
    part: str


@dataclass(frozen=True)
class Command:
    """The slash command as the manifest has it; Slack completes its name and nothing behind it."""

    name: str
    description: str
    usage_hint: str


@dataclass(frozen=True)
class Shortcut:
    """A global shortcut of the bot, and its name."""

    callback_id: str
    name: str


@dataclass(frozen=True)
class Step:
    """One step of the tour, and what its button does.

    It switches to the person `be` and to `channel`, puts `typed` into the composer and sets the
    clock to `rate`.
    """

    text: str
    button: str
    be: str | None = None
    channel: str | None = None
    typed: str | None = None
    rate: float | None = None


@dataclass(frozen=True)
class Setting:
    """All of it. Descriptions of the bot's own rules begin with `label`."""

    roles: Sequence[Role]
    command: Command
    steps: Sequence[Step]
    channel: str
    label: str
    shortcuts: Sequence[Shortcut] = ()
