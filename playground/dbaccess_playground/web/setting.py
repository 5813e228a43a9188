"""What the playground's page shows and cannot learn from the sandboxes: its cast and its hints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time of the company that is played; it can run faster than the real one."""

    @property
    def rate(self) -> float:
        """How many seconds pass in one real second."""

    @rate.setter
    def rate(self, rate: float) -> None: ...

    def now(self) -> datetime:
        """The present, aware UTC."""


class Bot(Protocol):
    """The process between the two sandboxes, which can be switched off and on."""

    @property
    def running(self) -> bool:
        """Whether it is there."""

    def start(self) -> None:
        """Switch it on; nothing happens if it is."""

    def stop(self) -> None:
        """Switch it off, as a crash or a deployment would; nothing happens if it is."""


@dataclass(frozen=True)
class Role:
    """Somebody who can be played, and what they are in this company, in a few words."""

    user_id: str
    part: str


@dataclass(frozen=True)
class Command:
    """A subcommand the composer offers: how it is written, and what it does."""

    usage: str
    does: str


@dataclass(frozen=True)
class Shortcut:
    """A global shortcut of the bot, and what it reads."""

    callback_id: str
    name: str


@dataclass(frozen=True)
class Step:
    """One step of the first tour: what to do, and what a press on its button does for you.

    `be` names the person to become and `channel` where to look, `typed` is put into the
    composer, `rate` is set at the clock.
    """

    text: str
    button: str
    be: str | None = None
    channel: str | None = None
    typed: str | None = None
    rate: float | None = None


@dataclass(frozen=True)
class Setting:
    """All of it. `label` is how the descriptions of the bot's own rules begin."""

    roles: Sequence[Role]
    commands: Sequence[Command]
    steps: Sequence[Step]
    channel: str
    label: str
    shortcuts: Sequence[Shortcut] = ()
