"""Failures of the database: which of them concern all of it, and what is said of them."""

import re

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.faults import DatabaseTrouble

_NAMED = re.compile(r'"[^"]*"|\b\d+(\.\d+){3}\b')

DATABASE_UNAVAILABLE = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
)  # the database cannot be asked just now
_TROUBLE = {  # by the beginnings of PostgreSQL's codes and SQLite's names; else it is away
    "53100": DatabaseTrouble.FULL,
    "SQLITE_FULL": DatabaseTrouble.FULL,
    "25006": DatabaseTrouble.READ_ONLY,
    "SQLITE_READONLY": DatabaseTrouble.READ_ONLY,
    "53300": DatabaseTrouble.BUSY,  # too many connections
    "55P03": DatabaseTrouble.BUSY,  # a lock is not available
    "SQLITE_BUSY": DatabaseTrouble.BUSY,
    "SQLITE_LOCKED": DatabaseTrouble.BUSY,
}
_OF_A_STATEMENT = (  # one alone: the next may succeed, or this one is wrong
    "40001",  # PostgreSQL: serialization failure
    "40P01",  # deadlock
    "SQLITE_ERROR",  # no such table or column
)


def trouble_of(error: BaseException) -> DatabaseTrouble | None:
    """Return what is wrong with the database as a whole, by an error; None where nothing is."""
    code = error_code(error)
    if not isinstance(error, DATABASE_UNAVAILABLE) or code.startswith(_OF_A_STATEMENT):
        return None
    if isinstance(error, PoolTimeout):
        return DatabaseTrouble.BUSY
    known = (trouble for start, trouble in _TROUBLE.items() if code.startswith(start))
    return next(known, DatabaseTrouble.AWAY)


def error_code(error: BaseException) -> str:
    """Return PostgreSQL's SQLSTATE or SQLite's name of an error; empty where there is none."""
    origin = getattr(error, "orig", None)
    return getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None) or ""


def in_one_line(error: BaseException) -> str:
    """Return an error's kind and the first line of what the driver says, without the statement."""
    return f"{type(error).__name__}: {_first_line(error)}"


def said_by(error: BaseException) -> str:
    """Return what the driver says is wrong, without hosts, files and names of any kind."""
    return _NAMED.sub("…", _first_line(error).rpartition(": ")[2].strip())


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).partition("\n")[0].strip()
