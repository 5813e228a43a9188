"""Findings: what a check of an installation comes to, one line each."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters: a fault has to be fixed, a hint may be meant that way."""

    OK = "ok"
    HINT = "hint"
    FAULT = "FAULT"


@dataclass(frozen=True)
class Finding:
    """What was found of one thing; the words of a fault say how to fix it."""

    level: Level
    what: str
    words: str


def ok(what: str, words: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(Level.OK, what, words)


def hint(what: str, words: str) -> Finding:
    """Return that something works but is unusual, or could not be tested."""
    return Finding(Level.HINT, what, words)


def fault(what: str, words: str) -> Finding:
    """Return that something does not work."""
    return Finding(Level.FAULT, what, words)
