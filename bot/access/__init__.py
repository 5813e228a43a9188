"""The use cases: request, decide, extend, revoke, cancel, lapse and more; one transaction each."""

from bot.access.desk import Access
from bot.access.questions import Question

__all__ = ["Access", "Question"]
