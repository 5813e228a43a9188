"""Faults: failures that an operator can do something about."""


class Fault(Exception):
    """A failure whose text is one sentence for operators, without secrets."""
