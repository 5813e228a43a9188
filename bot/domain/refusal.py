"""Refused: what a user can mend, said in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

_SHOWN_CHARACTERS = 60


class Field(StrEnum):
    """The parts of a request, as the form has them."""

    CLUSTER = "cluster"
    SOURCE = "source"
    DURATION = "duration"
    REASON = "reason"


class Refused(Exception):
    """A command that cannot be carried out, with the sentence that the user reads.

    The sentence is plain text with back-ticks around what was typed; whoever shows it
    escapes it for the place where it is shown. `ask` names the users and user groups who
    could help, `channel` where to go; `field` the part of a request that it is about, where it
    is about one. `could_end` are grants whose end would make room: their numbers, and whose they
    are.
    """

    def __init__(
        self,
        sentence: str,
        *,
        ask: tuple[str, ...] = (),
        channel: str = "",
        could_end: tuple[tuple[int, str], ...] = (),
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.ask = ask
        self.channel = channel
        self.could_end = could_end
        self.field: Field | None = None


class NamesClusters(Refused):
    """A refusal that names clusters: only for somebody who may see them."""


class NotYours(Refused):
    """Somebody with other rights could do this: the right is missing, not the sense."""


class NotTheCard(Refused):
    """A decision that was made anywhere but on the request's own card."""


class NoLongerHolds(Refused):
    """What was asked for or approved is no longer within the policy, or somebody's right (P4)."""


@contextmanager
def about(field: Field) -> Iterator[None]:
    """Mark what is refused inside as being about *field*."""
    try:
        yield
    except Refused as refused:
        refused.field = field
        raise


def one_line(text: str) -> str:
    """Return what a user typed without control characters, on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def quoted(text: str) -> str:
    """Return what a user typed, in back-ticks, on one line and short enough to be repeated."""
    shown = one_line(text.replace("`", " "))
    if len(shown) > _SHOWN_CHARACTERS:
        shown = shown[: _SHOWN_CHARACTERS - 1] + "…"
    return f"`{shown}`"
