"""Due: what has come to its time, or was scheduled too far ahead by a wrong clock."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, or_
from sqlmodel import col

Next = Select[Any]  # a query for one time, or none
LENIENCE = timedelta(minutes=1)  # the clocks of two machines differ a little


def is_due(column: Any, now: datetime, *, within: timedelta) -> ColumnElement[bool]:
    """Return whether the time in *column* has come; *within* is the furthest ahead that it can be.

    A time further ahead was written by a clock that has been set back since. Waiting until then
    would be waiting for as long as the clock was wrong.
    """
    return or_(col(column) <= now, col(column) > now + within + LENIENCE)


def is_free(claimed_until: Any, now: datetime, *, within: timedelta) -> ColumnElement[bool]:
    """Return whether a row is not claimed, or its claim has expired (see `is_due`)."""
    return or_(col(claimed_until).is_(None), is_due(claimed_until, now, within=within))
