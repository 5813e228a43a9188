"""One memory of compiled SQL for all engines of a test run.

SQLAlchemy remembers for each engine what its statements compile to, and for each class of rows what
is written of them. The bot has one engine and compiles once; here each world has an engine of its
own, and a third of the time was compiling.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Mapper
from sqlalchemy.util import LRUCache

from bot.store import database

_Key = tuple[Any, ...]


class CompiledStatements(LRUCache[_Key, Any]):
    """What SQLAlchemy takes as a `compiled_cache`, for engines that are made alike.

    It looks statements up by the engine's dialect and what they say; here the kind of dialect will
    do.
    """

    def get(self, key: _Key, default: Any = None) -> Any:
        """Return what a statement was compiled to for any such engine."""
        return super().get(_of_kind(key), default)

    def __setitem__(self, key: _Key, compiled: Any) -> None:
        super().__setitem__(_of_kind(key), compiled)


def _of_kind(key: _Key) -> _Key:
    dialect, *statement = key
    return (type(dialect), *statement)


@contextmanager
def compiled_once() -> Iterator[None]:
    """Let all engines remember together."""
    statements = CompiledStatements(5_000)
    shared: dict[str, Any] = {"compiled_cache": statements}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "create_engine", partial(create_engine, execution_options=shared))
        patch.setattr(Mapper, "_compiled_cache", statements)
        yield
