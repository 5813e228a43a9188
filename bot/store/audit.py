"""The audit: what happened, in the same transaction as what it tells of, chained row by row."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Insert, Select, Text, cast, func, insert, text
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from bot.domain.actors import Actor
from bot.domain.audit_actions import ACTOR, Action, personal_fields
from bot.domain.audit_chain import (
    GENESIS,
    NO_KEYS,
    Anchor,
    Keyring,
    Verdict,
    digest_of,
)
from bot.domain.audit_link import SEALED, Link, covered
from bot.domain.chain_verification import verify
from bot.domain.personal_fields import seal
from bot.domain.sources import SourceType, TrustedSource
from bot.store.audit_entries import Entry, entry
from bot.store.database import KEYRING, OPERATOR, before_commit, dialect_of, rows_of, table_of
from bot.store.tables import AuditRow, RequestRow

log = structlog.get_logger()

_PENDING = "audit"
_KEY_CHECKED_AT = "audit key checked at"
_LOCK_CHAIN = text("SELECT pg_advisory_xact_lock(hashtextextended('dbaccess audit', 0))")
_AT_ONCE = 250
_ABOUT = tuple(
    table_of(RequestRow).c[name] for name in ("requester", "source_type", "source_value")
)
_NEVER = datetime.min.replace(tzinfo=UTC)


def record(
    session: Session,
    action: Action,
    *,
    at: datetime,
    actor: str = Actor.DBACCESS,
    cluster: str = "",
    request_id: int | None = None,
    **detail: Any,
) -> None:
    """Add one row when the transaction ends. `detail` holds plain values, never a secret.

    A row that a command at the terminal writes also names who typed it, as `operator`. What is
    personal of it is kept apart (`bot.domain.audit_actions` says what), so that it can be erased.
    """
    if OPERATOR in session.info:
        detail = {**detail, "operator": session.info[OPERATOR]}
    personal = personal_fields(action, actor, detail)
    sealed = seal(personal)
    _pending(session).append(
        _Pending(
            at=at,
            action=action,
            actor="" if ACTOR in personal else actor,
            cluster=cluster,
            request_id=request_id,
            detail={key: value for key, value in detail.items() if key not in personal},
            commitments=sealed.commitments,
            personal=sealed.fields,
        )
    )


@dataclass
class _Pending:
    """A row to be added when the transaction ends; no object of the ORM, which takes longer."""

    at: datetime
    action: Action
    actor: str
    detail: dict[str, Any]
    commitments: dict[str, str]
    cluster: str = ""
    request_id: int | None = None
    personal: dict[str, Any] | None = None
    format: int = SEALED
    id: int = 0
    key: str = ""
    digest: str = ""


def rows(
    session: Session,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    cluster: str | None = None,
    person: str | None = None,
    source: TrustedSource | None = None,
    actions: Collection[Action] | None = None,
    number: int | None = None,
) -> Iterator[Entry]:
    """Yield the rows that pass all of the filters, the oldest first.

    Args:
        since: from this time on.
        until: before this time.
        cluster: about this one, by its alias.
        person: what they did, what names them, and what became of what they asked for.
        source: about requests and grants for it, and writes that added or removed its rule.
        actions: only these.
        number: about the request or grant of this number.
    """
    query = entries_query()
    if person is not None or source is not None:
        query = query.add_columns(*_ABOUT).join(
            RequestRow, col(RequestRow.id) == col(AuditRow.request_id), isouter=True
        )
    if actions is not None:
        query = query.where(col(AuditRow.action).in_(actions))
    if since is not None:
        query = query.where(col(AuditRow.at) >= since)
    if until is not None:
        query = query.where(col(AuditRow.at) < until)
    if cluster is not None:
        query = query.where(col(AuditRow.cluster) == cluster)
    if number is not None:
        query = query.where(col(AuditRow.request_id) == number)
    query = query.order_by(col(AuditRow.id)).execution_options(yield_per=_AT_ONCE)
    with rows_of(session, query) as found:
        for row in found:
            one = entry(row)
            if person is not None and row.requester != person and not one.names(person):
                continue
            if source is None or str(source) in _sources(one, row):
                yield one


def entries_query() -> Select[Any]:
    """Return a query of rows for `entry`, of which no objects are made."""
    return sql_select(table_of(AuditRow))


def clusters(session: Session) -> set[str]:
    """Return the aliases of all clusters that the audit names."""
    return {alias for alias in session.exec(select(AuditRow.cluster).distinct()) if alias}


def verify_chain(
    session: Session, *, expected: Iterable[Anchor] = (), accepted: Iterable[range] = ()
) -> Verdict:
    """Verify the chain from row 1 to the first broken row, with the keys at hand.

    Args:
        session: of a database that was opened with the keys.
        expected: anchors that the audit must contain.
        accepted: rows that may be unsigned, or signed with a lost key.
    """
    query = _links(dialect_of(session)).execution_options(yield_per=_AT_ONCE)
    with session.execute(query) as found:
        verdict = verify(
            map(Link._make, found),
            _keyring(session),
            expected=expected,
            accepted=accepted,
            erased_before=erased_before(session),
        )
    return replace(verdict, untold=_untold(session))


def erased_before(session: Session) -> datetime | None:
    """Return up to when, at the latest, personal fields were erased by an erasure on record."""
    query = select(AuditRow.detail).where(AuditRow.action == Action.ERASED)
    return max(map(_erased_before, session.exec(query)), default=None)


@dataclass(frozen=True)
class Newest:
    """The newest row: its number, digest and the name of its key; number 0 if there is none."""

    number: int = 0
    digest: str = GENESIS
    key: str = ""


def newest(session: Session) -> Newest:
    """Return the newest row's number, digest and key."""
    found = session.execute(_newest_query()).first()
    return Newest(*found) if found else Newest()


@cache  # asked for each change: composing it took longer than its answer
def _newest_query() -> Select[Any]:
    row = table_of(AuditRow).c
    return sql_select(row.id, row.digest, row.key).order_by(row.id.desc()).limit(1)


def follow_key(session: Session, *, at: datetime) -> None:
    """Record at once, not with the next row, that another key is used from now on."""
    if newest(session).key != _keyring(session).current:
        session.info[_KEY_CHECKED_AT] = at
        _pending(session)


def _erased_before(detail: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(detail["before"])
    except (KeyError, TypeError, ValueError):  # somebody changed that row, which breaks the chain
        return _NEVER


def keys_used(session: Session) -> set[str]:
    """Return the names of the keys that rows were signed with, by the records of each change."""
    changes = session.exec(
        select(AuditRow.detail).where(col(AuditRow.action) == Action.KEY_CHANGED)
    )
    names = {newest(session).key, *(change.get("before") for change in changes)}
    return {str(name) for name in names if name}


def _keyring(session: Session) -> Keyring:
    found: Keyring = session.info.get(KEYRING, NO_KEYS)
    return found


def _untold(session: Session) -> int | None:
    """Return the first request without a row of its own, which each has from the start (P6)."""
    told = select(AuditRow.id).where(AuditRow.request_id == RequestRow.id).exists()
    query = select(RequestRow.id).where(~told).order_by(col(RequestRow.id)).limit(1)
    return session.exec(query).first()


def _pending(session: Session) -> list[_Pending]:
    """Return the rows to be added when the transaction ends."""
    if _PENDING not in session.info:
        session.info[_PENDING] = []
        before_commit(session, _seal, last=True)
    pending: list[_Pending] = session.info[_PENDING]
    return pending


def _seal(session: Session) -> Callable[[], None]:
    """Number the pending rows and chain them to those before, one transaction at a time.

    This comes last in a transaction, so that nobody waits for a row while holding the chain's lock;
    SQLite has one writer at a time anyway. The numbers come from the chain, not from the database's
    own counter, which leaves a gap when a transaction is rolled back.
    """
    session.flush()
    if dialect_of(session) == "postgresql":
        session.execute(_LOCK_CHAIN)
    pending: list[_Pending] = session.info.pop(_PENDING)
    before, keyring = newest(session), _keyring(session)
    checked_at = session.info.pop(_KEY_CHECKED_AT, None)
    if before.key != keyring.current:
        at = pending[0].at if pending else checked_at
        pending.insert(0, _key_change(before.key, keyring.current, at))
    number, digest = before.number, before.digest
    signing = keyring.by_name.get(keyring.current)
    for row in pending:
        row.id = number = number + 1
        row.key = keyring.current
        row.digest = digest = digest_of(digest, _covered(row), signing)
    session.execute(_insert(), [vars(row) for row in pending])
    return lambda: _log(pending)


@cache  # as `_newest_query`
def _insert() -> Insert:
    return insert(table_of(AuditRow))


def _key_change(before: str, now: str, at: datetime) -> _Pending:
    return _Pending(
        at=at,
        action=Action.KEY_CHANGED,
        actor=Actor.DBACCESS,
        detail={"before": before or None, "key": now or None},
        commitments={},
    )


def _log(rows: Iterable[_Pending]) -> None:
    """Log each row's anchor once it is committed: logs may be out of the database owner's reach."""
    for row in rows:
        anchor = str(Anchor(row.id, row.digest))
        log.info("audit", action=str(row.action), request=row.request_id, anchor=anchor)


_WRITTEN = (
    *("id", "at", "action", "actor", "cluster", "request_id", "detail"),
    *("digest", "key", "format", "commitments", "personal"),
)


def _links(dialect: str) -> Select[Any]:
    """Return the query of all rows as `Link` has them: what SQLite stores, as it stores it."""
    row = table_of(AuditRow).c
    read: dict[str, ColumnElement[Any]] = {name: row[name] for name in _WRITTEN}
    for name in ("detail", "commitments", "personal"):
        read[name] = cast(row[name], Text)
    if dialect == "postgresql":
        read["at"] = func.to_char(func.timezone("UTC", row.at), "YYYY-MM-DD HH24:MI:SS.US")
    else:
        read["at"] = cast(row.at, Text)
    return sql_select(*read.values()).order_by(row.id)


def _covered(row: Any) -> dict[str, Any]:
    return covered(
        at=row.at,
        action=row.action,
        actor=row.actor,
        cluster=row.cluster,
        request_id=row.request_id,
        detail=row.detail,
        form=row.format,
        commitments=row.commitments,
    )


def _sources(one: Entry, row: Any) -> set[str]:
    """Return what a row is about: the source of its request, and the rules that it wrote."""
    own = set()
    if row.source_type is not None:
        own.add(str(TrustedSource(SourceType(row.source_type), row.source_value)))
    written = (one.detail.get(key) for key in ("added", "removed"))
    return own.union(*(names for names in written if names))
