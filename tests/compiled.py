"""One memory of compiled SQL for all engines of a test run.

SQLAlchemy remembers for each engine what its statements compile to. The bot has one engine and
compiles once; here each world has an engine of its own, and a third of the time was compiling.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from bot.store import database


@contextmanager
def compiled_once() -> Iterator[None]:
    """Let all engines remember together; what is remembered goes by the dialect's class."""
    shared: dict[str, Any] = {"compiled_cache": LRUCache(5_000)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "create_engine", partial(create_engine, execution_options=shared))
        for dialect in (PGDialect_psycopg, SQLiteDialect_pysqlite):
            patch.setattr(dialect, "__eq__", lambda one, other: type(one) is type(other))
            patch.setattr(dialect, "__hash__", lambda one: hash(type(one)))
        yield
