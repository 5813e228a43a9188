"""What somebody who wants to extend a grant may choose from."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.lifecycle import Grant


@dataclass(frozen=True)
class ExtensionTerms:
    """The grant, how much longer it may last, and whether a reason is required."""

    grant: Grant
    shortest: timedelta
    longest: timedelta
    usual: timedelta
    needs_reason: bool
