"""Refused: what a user can mend, said in one sentence."""

_SHOWN_CHARACTERS = 60


class Refused(Exception):
    """A wish that cannot be granted, with the sentence that the user reads.

    The sentence is plain text with back-ticks around what was typed; whoever shows it
    escapes it for the place where it is shown. `ask` names the users and user groups who
    could help.
    """

    def __init__(self, sentence: str, *, ask: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.ask = ask


class NotYours(Refused):
    """A wish that somebody with other rights could make: the right is missing, not the sense."""


def quoted(text: str) -> str:
    """Return what a user typed, in back-ticks, on one line and short enough to be repeated."""
    printable = "".join(c if c.isprintable() and c != "`" else " " for c in text)
    one_line = " ".join(printable.split())
    if len(one_line) > _SHOWN_CHARACTERS:
        one_line = one_line[: _SHOWN_CHARACTERS - 1] + "…"
    return f"`{one_line}`"
