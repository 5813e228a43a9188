"""Quoting: how a word of a command, or what somebody typed, stands in a sentence."""

from collections.abc import Callable

from bot.domain.typed_text import shortened

Quoting = Callable[[str], str]


def in_back_ticks(text: str) -> str:
    """Return a word or what was typed as Slack shows code: on one line, and not too long."""
    return f"`{in_plain_text(text)}`"


def in_plain_text(text: str) -> str:
    """Return the same for a terminal, a web page or a form, which know no back-ticks."""
    return shortened(text.replace("`", " "))
