"""What somebody may choose from who wants a grant to last longer."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.lifecycle import Grant


@dataclass(frozen=True)
class ExtensionTerms:
    """The grant, how much longer it may last, and whether one has to say why."""

    grant: Grant
    shortest: timedelta
    longest: timedelta
    usual: timedelta
    needs_reason: bool
