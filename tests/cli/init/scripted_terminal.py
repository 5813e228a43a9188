"""Whoever sits at a terminal, by a script: what to type at which question."""

from collections.abc import Mapping, Sequence

import typer

from bot.cli.init.terminal import Terminal

CTRL_C = "\x03"


class ScriptedTerminal(Terminal):
    """Types the replies of a question one after the other; the questions by what stands in them."""

    def __init__(self, replies: Mapping[str, Sequence[str]]) -> None:
        self._replies = {question: list(typed) for question, typed in replies.items()}
        self.shown = ""
        self.asked: list[str] = []

    def say(self, text: str = "") -> None:
        self.shown += f"{text}\n"

    def show(self, text: str) -> None:
        self.shown += f"{text}\n"

    def prompt(self, words: str, *, default: str = "", hidden: bool = False) -> str:
        self.asked.append(words)
        known = next((one for one in self._replies if one in words), None)
        assert known is not None, f"nobody knows what to type at {words!r}"
        assert self._replies[known], f"asked once too often: {words!r}\n{self.shown}"
        typed = self._replies[known].pop(0)
        self.shown += f"{words}: {'' if hidden else typed}\n"
        if typed == CTRL_C:
            raise typer.Abort
        return typed or default
