"""Engine and transactions: SQLite in WAL on one machine, PostgreSQL for more than one."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from sqlalchemy import (
    URL,
    DateTime,
    Dialect,
    Engine,
    Result,
    Select,
    Table,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel

from bot.domain.audit_chain import NO_KEYS, Keyring
from bot.domain.canonical_json import encode
from bot.faults import Fault
from bot.store.database_state import DatabaseState
from bot.store.failures import DATABASE_UNAVAILABLE

if TYPE_CHECKING:
    from bot.store.timeouts import TimedConnection

_BUSY_SECONDS = 10
_POOL_SIZE = 32
_PARAMETERS = 1_000  # of a statement, here; PostgreSQL takes 65,535, SQLite 32,766
_CACHE_KIB = 512  # for each SQLite connection; the file is in the page cache anyway
_WHICH_HOST = "target_session_attrs"  # libpq's; by default, any that answers
_IN_MEMORY = ":memory:"
_BEFORE_COMMIT = "before commit"
KEYRING = "keyring"  # in each session's info: the keys for the audit's digests
OPERATOR = "operator"  # there too: who typed the command at the terminal, if one is carried out


T = TypeVar("T")

BeforeCommit = Callable[[Session], Callable[[], None] | None]


class SchemaOutdated(Fault):
    """The database has another schema than this version works with."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime, also on SQLite, which has no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return UTC, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """The shared state. Each `transaction` is one use case; it never waits for anything outside.

    Args:
        url: as `bot.database_url` returns it.
        keyring: the audit's keys.
        operator: who typed the command, if it is one at a terminal; plain values for the audit.
    """

    def __init__(
        self, url: str, keyring: Keyring = NO_KEYS, *, operator: Mapping[str, str] | None = None
    ) -> None:
        self._info: dict[Any, Any] = {KEYRING: keyring}
        if operator is not None:
            self._info[OPERATOR] = dict(operator)
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._writing = threading.Lock()
        self.state = DatabaseState()
        self.engine = _sqlite(url) if self.is_sqlite else _postgresql(self.url)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a session that commits at the end, or rolls back if something is raised."""
        with (
            self._noting_failures(),
            self._turn(),
            Session(self.engine, expire_on_commit=False, info=self._info) as session,
            session.begin(),
        ):
            yield session
            acts: list[tuple[bool, BeforeCommit]] = session.info.pop(_BEFORE_COMMIT, [])
            acts.sort(key=itemgetter(0))
            follow_ups = [act(session) for _, act in acts]
        for follow_up in follow_ups:
            if follow_up is not None:
                follow_up()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session for reading only, which on SQLite does not wait for a writer."""
        reader = self.engine.execution_options(reading=True)
        with (
            self._noting_failures(),
            Session(reader, expire_on_commit=False, info=self._info) as session,
        ):
            yield session

    @contextmanager
    def one_moment(self) -> Iterator[Session]:
        """As `reading`, but as a snapshot of one moment; on SQLite every session is one."""
        with self.reading() as session:
            if not self.is_sqlite:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def _noting_failures(self) -> Iterator[None]:
        try:
            yield
        except DATABASE_UNAVAILABLE as error:
            if self.state.is_watched:
                self.state.explains(error)
            raise

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite, which has one writer anyway, let one thread write at a time.

        Waiting here ends the moment that the lock is free; SQLite would only poll for it.
        """
        if not self.is_sqlite:
            yield
            return
        if not self._writing.acquire(timeout=_BUSY_SECONDS):
            raise PoolTimeout("another thread has been writing for too long")
        try:
            yield
        finally:
            self._writing.release()

    def connect_alone(self) -> "TimedConnection":
        """Open a connection outside of the pool, exactly as the engine does; for PostgreSQL.

        It is in autocommit mode, and the caller closes it.

        Raises:
            psycopg.OperationalError: the database cannot be reached.
        """
        from bot.store.timeouts import connect_in_time

        given, named = self.engine.dialect.create_connect_args(self.engine.url)
        return connect_in_time(given, dict(named))

    def close(self) -> None:
        """Close all connections."""
        self.state.close()
        self.engine.dispose()


def before_commit(session: Session, act: BeforeCommit, *, last: bool = False) -> None:
    """Have *act* called before a transaction commits, and what it returned once it has.

    Those that are to be *last*, since others wait for what they lock, come after the rest.
    """
    acts: list[tuple[bool, BeforeCommit]] = session.info.setdefault(_BEFORE_COMMIT, [])
    acts.append((last, act))


def rows_of(
    session: Session, query: Select[Any], wanted: Mapping[str, Any] | None = None
) -> Result[*tuple[Any, ...]]:
    """Return what a query of columns finds; *wanted* are its parameters.

    What this transaction has changed counts: a query of objects sends that by itself, one of
    columns does not.
    """
    session.flush()
    return session.execute(query, wanted)


def insert_into(session: Session, table: type[SQLModel]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT with `on_conflict_…`, which standard SQL does not have."""
    return insert_on(dialect_of(session), table)


def insert_on(dialect: str, model: type[SQLModel]) -> postgresql.Insert | sqlite.Insert:
    """Return the same by the name of the dialect, for a statement that is composed once.

    It takes a dictionary of values, all that are not NULL among them: no object is made of a row.
    """
    table = table_of(model)
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def in_batches(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield *values* in lists that one statement can take: each of them is a parameter."""
    rest = iter(values)
    while some := list(islice(rest, _PARAMETERS)):
        yield some


def table_of(model: type[SQLModel]) -> Table:
    """Return the table of a row's class, for statements that make no objects of its rows."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel has it, unannounced
    return table


def dialect_of(session: Session) -> str:
    """Return the name of a database's dialect: `postgresql` or `sqlite`."""
    return session.get_bind().dialect.name


def _postgresql(url: URL) -> Engine:
    from bot.store.timeouts import set_timeouts  # its driver is loaded where it is needed

    engine = create_engine(
        _to_primary(url),
        pool_pre_ping=True,
        pool_size=_POOL_SIZE,
        max_overflow=0,
        pool_use_lifo=True,
        json_serializer=encode,
    )
    set_timeouts(engine)
    return engine


def _to_primary(url: URL) -> URL:
    """Return a URL that, of several hosts, leads to the one that can write, unless it says which.

    A standby answers questions, too; but neither LISTEN nor a single row would ever succeed there.
    """
    host = url.query.get("host", ())
    has_several = "," in host if isinstance(host, str) else len(host) > 1
    if not has_several or _WHICH_HOST in url.query:
        return url
    return url.update_query_dict({_WHICH_HOST: "primary"})


def sqlite_file(name: str) -> Path:
    """Return the file that SQLite opens for a URL's *name*, which may be a URI itself."""
    return Path(unquote(urlsplit(name).path) if name.startswith("file:") else name)


def _make_private(name: str) -> None:
    """Create a database's file before SQLite does, readable for our account only.

    SQLite gives its other files (`-wal`, `-shm`) the same mode. An existing file is left alone, and
    above all not opened: closing it again would release this process's locks on it.
    """
    if name == _IN_MEMORY:
        return
    file = sqlite_file(name)
    if not file.exists() and file.parent.is_dir():
        with suppress(FileExistsError):  # another process was faster
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _sqlite(url: str) -> Engine:
    making = threading.Lock()
    connect_args = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
    if make_url(url).database == _IN_MEMORY:  # it lives as long as its only connection
        pool: dict[str, Any] = {"poolclass": StaticPool}
    else:
        pool = {"pool_size": _POOL_SIZE, "max_overflow": 0, "pool_use_lifo": True}
    engine = create_engine(url, connect_args=connect_args, json_serializer=encode, **pool)

    @event.listens_for(engine, "do_connect")
    def make_file(_dialect: Dialect, _record: Any, given: Any, _named: dict[str, Any]) -> None:
        with making:
            _make_private(given[0])

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own BEGIN comes too late: a read that turns into a write can then fail.
        connection.isolation_level = None
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            f"busy_timeout = {_BUSY_SECONDS * 1000}",
            "foreign_keys = ON",
            f"cache_size = {-_CACHE_KIB}",
            "secure_delete = ON",  # erased rows are overwritten in the file
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
