"""What people type, as it is repeated: on one line, nothing in it that acts, and not too long."""

from typing import Annotated

from pydantic import BeforeValidator

from bot.domain.limits import REPEATED_CHARACTERS


def one_line(text: str) -> str:
    """Return what a user typed without control characters, on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def shortened(text: str) -> str:
    """Return what a user typed on one line, short enough to be repeated."""
    line = one_line(text)
    return line if len(line) <= REPEATED_CHARACTERS else line[: REPEATED_CHARACTERS - 1] + "…"


Typed = Annotated[str, BeforeValidator(shortened)]
