"""What people type: read without its wrapping, and repeated so that it does no harm."""

import re
import unicodedata
from typing import Annotated

from pydantic import BeforeValidator

from bot.domain.limits import REPEATED_CHARACTERS

_QUOTES = (
    "\"'`\u00b4"
    "\u2018\u2019\u201a\u201b\u2039\u203a"  # single, curly and angled
    "\u201c\u201d\u201e\u201f\u00ab\u00bb"  # double
)
# Slack shows the text behind the bar; without one, the address itself was typed.
_LINK = re.compile(r"<(?:(?:https?|ftps?|tel|mailto):[^|>]*\|([^>]+)|((?:https?|ftps?)://[^|>]+))>")
# Invisible, though Unicode does not list them as format characters.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)


def one_line(text: str) -> str:
    """Return what a user typed without control characters, on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def shortened(text: str) -> str:
    """Return what a user typed on one line, short enough to be repeated."""
    line = one_line(text)
    return line if len(line) <= REPEATED_CHARACTERS else line[: REPEATED_CHARACTERS - 1] + "…"


def unwrapped(text: str) -> str:
    """Return a value that was typed or pasted without what people see as no part of it.

    That is invisible characters, Slack's link marks, quotes and back-ticks around it, and a comma
    or semicolon behind it.
    """
    visible = "".join(c for c in text if not _is_invisible(c))
    plain = _LINK.sub(lambda link: link[1] or link[2], visible)
    return plain.strip().rstrip(",;").strip(_QUOTES).rstrip(",;").strip()


def _is_invisible(character: str) -> bool:
    return (
        unicodedata.category(character) == "Cf"  # zero width, bidirectional, soft hyphen
        or character in _BLANKS
        or ord(character) in _VARIATION_SELECTORS
    )


Typed = Annotated[str, BeforeValidator(shortened)]
