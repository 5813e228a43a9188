"""Getting answers: from a file, the environment, an earlier run, or a terminal."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import typer

from bot.cli.init.terminal import Terminal
from bot.cli.init.writing import replace_whole

T = TypeVar("T")
ALIAS = "alias of "  # how the keys of the clusters' names begin


class Unusable(Exception):
    """An answer that cannot be taken; its text says why, and what to answer instead."""


class Stopped(Exception):
    """Nothing can go on; its text says what to do, a line for each problem."""

    def __init__(self, *problems: str, exit_code: int = 1) -> None:
        super().__init__("\n".join(problems))
        self.exit_code = exit_code


@dataclass(frozen=True)
class Given:
    """An answer that was there before the first question; `where` says from where.

    A secret may have been in a `file` of its own.
    """

    text: str
    where: str
    file: Path | None = None


@dataclass(frozen=True)
class Question(Generic[T]):
    """One question: its key in an answers file, its words, and what makes an answer of a text.

    `take` raises Unusable. `keep` is how a good answer is noted, so that `take` takes it again.
    """

    key: str
    words: str
    take: Callable[[str], T]
    keep: Callable[[T], str] = str
    default: str = ""
    hidden: bool = False


class KeptAnswers:
    """The answers so far, in a file that only its owner may read; there are secrets among them."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._answers: dict[str, str] = {}

    def load(self) -> bool:
        """Read what an earlier run has left; return whether there was something.

        Raises:
            Stopped: the file is there, and nobody can make sense of it.
        """
        try:
            read = json.loads(self.file.read_text(encoding="utf-8"))
            self._answers = {str(key): str(value) for key, value in dict(read).items()}
        except FileNotFoundError:
            return False
        except (OSError, ValueError, TypeError) as error:
            raise Stopped(f"{self.file} cannot be read. Delete it to start anew.") from error
        return bool(self._answers)

    def get(self, key: str) -> str:
        """Return an answer, or nothing."""
        return self._answers.get(key, "")

    def put(self, key: str, answer: str) -> None:
        """Note an answer: after a crash, the file holds it or is as it was before.

        Raises:
            Stopped: it cannot be written.
        """
        self._answers[key] = answer
        try:
            replace_whole(self.file, json.dumps(self._answers, indent=2))
        except OSError as error:
            raise Stopped(f"{self.file} cannot be written: {error.strerror or error}") from error

    def forget(self) -> None:
        """Delete the file."""
        self.file.unlink(missing_ok=True)


class Asker:
    """Asks each question where the answer may be: given, kept from before, then at the terminal."""

    def __init__(
        self, given: Mapping[str, Given], kept: KeptAnswers | None, terminal: Terminal | None
    ) -> None:
        self._given = given
        self._kept = kept
        self._terminal = terminal
        self._reopened: tuple[str, ...] = ()
        self._problems: list[Stopped] = []

    @property
    def is_alone(self) -> bool:
        """Whether nobody can be asked."""
        return self._terminal is None

    def attempt(self, step: Callable[[], T]) -> T | None:
        """Return what a step answers; None where it stops and nobody can be asked.

        What is wrong is kept for `stop_if_wrong`, so that all of it is named at once.
        """
        try:
            return step()
        except Stopped as stopped:
            if not self.is_alone:
                raise
            self._problems.append(stopped)
            return None

    def stop_if_wrong(self) -> None:
        """Go on only if no attempt has failed.

        Raises:
            Stopped: what was wrong, all of it.
        """
        if self._problems:
            code = max(one.exit_code for one in self._problems)
            raise Stopped(*map(str, self._problems), exit_code=code)

    def has(self, key: str) -> bool:
        """Tell whether nobody has to be asked for this."""
        return key in self._given or bool(self._kept and self._kept.get(key))

    def say(self, text: str = "") -> None:
        """Show a paragraph to whoever is there."""
        if self._terminal:
            self._terminal.say(text)

    def note(self, text: str) -> None:
        """Show a paragraph, also where nobody can be asked."""
        if self._terminal:
            self._terminal.say(text)
        else:
            typer.echo(text, err=True)

    def show(self, text: str) -> None:
        """Show lines as they are."""
        if self._terminal:
            self._terminal.show(text)

    def ask(self, question: Question[T]) -> T:
        """Return a good answer.

        Raises:
            Stopped: a given answer is not good, or there is nobody to ask.
        """
        given = self._given.get(question.key)
        if given is None and self._terminal is None and question.default:
            given = Given(question.default, "default")
        if given is not None:
            try:
                return question.take(given.text)
            except Unusable as unusable:
                raise Stopped(f"{question.key} ({given.where}): {unusable}") from unusable
        if self._terminal is None or self._kept is None:
            raise Stopped(f"{question.key}: is missing", exit_code=2)
        return self._ask_here(question, self._terminal, self._kept)

    def choose(self, words: str, options: Sequence[str]) -> int:
        """Return which of the options is meant.

        Raises:
            Unusable: none, or nobody can be asked.
        """
        if self._terminal is None:
            raise Unusable(f"{words} {' | '.join(options)}")
        self._terminal.say(words)
        for number, option in enumerate(options, 1):
            self._terminal.show(f"  {number}  {option}")
        typed = self._terminal.prompt("Number, or nothing for none of these").strip()
        if typed.isdecimal() and 0 < int(typed) <= len(options):
            return int(typed) - 1
        raise Unusable("None of these, then. Type it again.")

    def number(self, words: str, most: int) -> int | None:
        """Return a number from 1 on; None for `none`, or where nobody can be asked."""
        while self._terminal:
            typed = self._terminal.prompt(words).strip().strip("`").lower()
            if typed == "none":
                return None
            if typed.isdecimal() and 0 < int(typed) <= most:
                return int(typed)
            self._terminal.say(f"  Type a number from 1 to {most}, or none.")
        return None

    def reopen(self, keys: Sequence[str]) -> None:
        """Ask again for what begins with one of the *keys*, though it was answered."""
        self._reopened = tuple(keys)
        for key, given in self._given.items():
            if key.startswith(self._reopened):
                self.say(f"{key} comes from {given.where}. Change it there.")

    def confirm(self, key: str, words: str, *, default: bool, why: str = "") -> bool:
        """Return a yes or no; *why* is said before.

        Raises:
            Unusable: none is given under *key*, and nobody can be asked.
        """
        if key in self._given:
            return self._given[key].text.lower() in ("true", "yes", "y")
        if self._terminal is None:
            raise Unusable(f"{why} Set {key} = true to allow that.")
        if why:
            self._terminal.say(why)
        while True:
            hint = "Y/n" if default else "y/N"
            typed = self._terminal.prompt(f"{words} [{hint}]").strip().lower()
            if typed in ("", "y", "yes", "n", "no"):
                return default if not typed else typed[0] == "y"
            self._terminal.say("  Type y or n.")

    def _ask_here(self, question: Question[T], terminal: Terminal, kept: KeptAnswers) -> T:
        before = kept.get(question.key)
        is_reopened = bool(self._reopened) and question.key.startswith(self._reopened)
        if before and not is_reopened:
            terminal.say(f"{question.words}: {'as before' if question.hidden else before}")
            try:
                return question.take(before)
            except Unusable as unusable:
                terminal.say(f"  {unusable}")
                before = ""
        while True:
            typed = _typed(terminal, question, before)
            try:
                answer = question.take(typed)
            except Unusable as unusable:
                terminal.say(f"  {unusable}")
            else:
                kept.put(question.key, question.keep(answer))
                return answer


def _typed(terminal: Terminal, question: Question[T], before: str) -> str:
    """Return what is typed, or the answer before for nothing; one that is hidden is not shown."""
    if not question.hidden:
        return terminal.prompt(question.words, default=before or question.default)
    kept = ", Enter keeps it" if before else ""
    return terminal.prompt(f"{question.words}{kept}", hidden=True) or before
