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
    return is_due_by(column, now, latest(now, within))


def is_due_by(column: Any, now: Any, too_late: Any) -> ColumnElement[bool]:
    """Return the same as `is_due`, by times that may be parameters of a statement that is kept.

    *too_late* is what `latest` returns.
    """
    return or_(col(column) <= now, col(column) > too_late)


def is_free(claimed_until: Any, now: Any, too_late: Any) -> ColumnElement[bool]:
    """Return whether a row is not claimed, or its claim has expired (see `is_due_by`)."""
    return or_(col(claimed_until).is_(None), is_due_by(claimed_until, now, too_late))


def is_time(now: datetime, at: datetime, *, within: timedelta) -> bool:
    """Tell the same of a time that was read already."""
    return not now < at <= latest(now, within)


def latest(now: datetime, within: timedelta) -> datetime:
    """Return the latest time that a right clock can have written."""
    return now + within + LENIENCE
