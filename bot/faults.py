"""Faults: failures that an operator can do something about."""

from enum import StrEnum


class Fault(Exception):
    """A failure whose text is one sentence for operators, without secrets."""


class DatabaseTrouble(StrEnum):
    """What can be wrong with the database as a whole."""

    AWAY = "away"
    FULL = "full"
    READ_ONLY = "read_only"
    BUSY = "busy"
