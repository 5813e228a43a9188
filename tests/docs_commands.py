"""The commands that the documentation has people type: in its blocks, and in its sentences."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
]
OURS = ("dbaccess", "make", "/dbaccess")
BLOCK = re.compile(r"^ *```([a-z]*)[^\n]*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
IN_A_SENTENCE = re.compile(rf"`((?:{'|'.join(OURS)}) [^`\n]+)`")
BETWEEN = re.compile(r"\s(?:&&|\|\||[;|])\s")
REDIRECTED = re.compile(r"\s(?:<|>|>>)\s*\S+")
HERE_DOCUMENT = re.compile(r"<<-?\s*'?(\w+)'?.*?^\s*\1$", re.DOTALL | re.MULTILINE)
IN_A_CONTAINER = re.compile(r"^(?:docker|kubectl) .*?(python -m bot .+)")
SETTING = re.compile(r"\w+=")  # before a command, or behind `export`


@dataclass(frozen=True)
class Command:
    """One command of a page. `is_mention`: it stands in a sentence, maybe without what it needs."""

    page: str
    text: str
    is_mention: bool

    @property
    def words(self) -> tuple[str, ...]:
        """Its words, without settings of the environment and another user before them."""
        words = shlex.split(REDIRECTED.sub("", self.text), comments=True)
        if words[:2] == ["sudo", "-u"]:
            words = words[3:]
        while words and SETTING.match(words[0]):
            words = words[1:]
        if words[:1] == ["/dbaccess"]:  # what people write there is no shell
            words = self.text.split()
        return tuple(words)

    @property
    def program(self) -> str:
        """What is run; `python -m bot` is `dbaccess`, by a path or not."""
        first = self.words[0] if self.words else ""
        if first.endswith("bin/dbaccess") or self.words[1:3] == ("-m", "bot"):
            return "dbaccess"
        return first.rpartition("/")[2] if "/bin/" in first else first

    @property
    def arguments(self) -> tuple[str, ...]:
        """What stands behind the program."""
        return self.words[3:] if self.words[1:3] == ("-m", "bot") else self.words[1:]

    @property
    def is_literal(self) -> bool:
        """Whether it can be typed as it stands: nothing is left to fill in."""
        return "…" not in self.text


def commands() -> list[Command]:
    """Return every command of every page, each once for a page."""
    return list(dict.fromkeys(one for page in PAGES for one in _commands_of(page) if one.program))


def _commands_of(page: Path) -> Iterator[Command]:
    text, name = page.read_text(), page.relative_to(ROOT).as_posix()
    for language, block in BLOCK.findall(text):
        for line in _lines(language, block):
            yield Command(name, line, is_mention=False)
            if inner := IN_A_CONTAINER.match(line.strip()):
                yield Command(name, inner[1], is_mention=False)
    for typed in IN_A_SENTENCE.findall(BLOCK.sub("", text)):
        yield Command(name, typed, is_mention=True)


def _lines(language: str, block: str) -> Iterator[str]:
    lines = HERE_DOCUMENT.sub("", block).replace("\\\n", " ").splitlines()
    for line in map(str.strip, lines):
        if line.startswith("--8<--"):
            continue  # a file that is shown from where it is, and tried there
        if language == "console" and line.startswith("$ "):
            yield line[2:]
        elif line.startswith("/dbaccess "):
            yield line
        elif language in ("sh", "bash", "shell"):
            yield from (part for part in BETWEEN.split(f" {line} ") if part.strip())
