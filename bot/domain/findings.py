"""Findings: what an examination of an installation comes to, one line each."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters: a fault has to be mended, a hint may be meant."""

    OK = "ok"
    HINT = "hint"
    FAULT = "FAULT"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; the words of a fault say how to mend it."""

    level: Level
    what: str
    words: str


def ok(what: str, words: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(Level.OK, what, words)


def hint(what: str, words: str) -> Finding:
    """Return something that works, but may not be meant, or that could not be tested."""
    return Finding(Level.HINT, what, words)


def fault(what: str, words: str) -> Finding:
    """Return something that does not work."""
    return Finding(Level.FAULT, what, words)
