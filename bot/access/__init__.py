"""The use cases: request, decide, extend, revoke, cancel, lapse; one transaction each."""

from bot.access.desk import Access, Question

__all__ = ["Access", "Question"]
