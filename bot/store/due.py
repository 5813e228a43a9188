"""Due: what has come to its time, and what a clock that was wrong had put off for too long."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, or_
from sqlmodel import col

Next = Select[Any]  # a question for one time, or none
LENIENCE = timedelta(minutes=1)  # the clocks of two machines differ a little


def is_due(column: Any, now: datetime, *, within: timedelta) -> ColumnElement[bool]:
    """Return whether the time in *column* has come; *within* is the longest it is ever put off.

    What lies further ahead was written by a clock that has been set back since. To wait until
    that time comes once more would be to wait for as long as the clock was wrong.
    """
    return or_(col(column) <= now, col(column) > now + within + LENIENCE)


def is_free(claimed_until: Any, now: datetime, *, within: timedelta) -> ColumnElement[bool]:
    """Return whether nobody has a claim on a row, or only one whose time has come, as `is_due`."""
    return or_(col(claimed_until).is_(None), is_due(claimed_until, now, within=within))
