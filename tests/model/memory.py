"""The database of the whole model: in memory, and a state of it kept as the pages that differ."""

import json
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import cache, cached_property
from sqlite3 import Connection
from typing import Any

from bot.domain.lifecycle import Grant, GrantState
from bot.domain.sources import SourceType, TrustedSource
from bot.store import schema
from bot.store.database import Database

# What decides when the next look comes, or only tells of the past; a look may come at any time.
_TELLS_OF_THE_PAST = {
    "grants": {"cluster", "source_type", "source_name", "warned_at", "revoked_by", "delayed_at"},
    "clusters": {
        *("due_at", "changes", "attempt_at", "rule_count", "failures", "failing_since"),
        *("alarms", "alarm_since", "alarm_at"),
        *("labels_told_at", "open_since", "open_alarms", "open_alarm_at"),
    },
}
_PAGE = 4096
_SESSION_ENDS = "FROM jobs WHERE kind = 'sessions' AND finished_at IS NULL ORDER BY id"

Snapshot = bytes


class Memory:
    """A migrated SQLite database in memory, which can be what it was before at any time."""

    def __init__(self) -> None:
        self.database = Database("sqlite:///:memory:")
        self._template = _migrated()
        self.restore(None)

    def close(self) -> None:
        """Let it go."""
        self.database.close()

    def begin_from_here(self) -> None:
        """Let what is in it now be what snapshots are told apart from."""
        self._template = self._connection.serialize()

    def snapshot(self) -> Snapshot:
        """Return what the database is now."""
        pages = self._connection.serialize()
        differing = [len(pages).to_bytes(4)]
        for at in range(0, len(pages), _PAGE):
            page = pages[at : at + _PAGE]
            if page != self._template[at : at + _PAGE]:
                differing += [at.to_bytes(4), page]
        return zlib.compress(b"".join(differing), 1)

    def restore(self, snapshot: Snapshot | None) -> None:
        """Make the database what it was; None: what it was at the beginning."""
        if snapshot is None:
            self._connection.deserialize(self._template)
            return
        kept = zlib.decompress(snapshot)
        size = int.from_bytes(kept[:4])
        pages = bytearray(self._template[:size].ljust(size, b"\0"))
        for at in range(4, len(kept), 4 + _PAGE):
            place = int.from_bytes(kept[at : at + 4])
            pages[place : place + _PAGE] = kept[at + 4 : at + 4 + _PAGE]
        self._connection.deserialize(bytes(pages))

    def grants(self) -> list[Grant]:
        """Return all grants of the cluster, as far as the oracle has to know them."""
        return [
            Grant(
                id=row["id"],
                cluster=row["cluster"],
                cluster_id=row["cluster_id"],
                source=TrustedSource(SourceType(row["source_type"]), row["source_value"]),
                requester=row["requester"],
                state=GrantState(row["state"]),
                approved_at=_moment(row["approved_at"]),
                expires_at=_moment(row["expires_at"]),
                owned=row["owned"],
                adopted=bool(row["adopted"]),
            )
            for row in self._rows("SELECT * FROM grants WHERE cluster = 'orders' ORDER BY id")
        ]

    def elsewhere(self) -> int:
        """Return how many grants there are on other clusters."""
        return int(next(self._values("SELECT count(*) FROM grants WHERE cluster != 'orders'")))

    def facts(self) -> Iterator[Any]:
        """Yield all that the future may depend on: every column that is not left out above."""
        for table in ("grants", "clusters"):
            for row in self._rows(f"SELECT * FROM {table} ORDER BY id"):  # noqa: S608
                for name, value in row.items():
                    if name not in _TELLS_OF_THE_PAST[table]:
                        yield _as_moment(value)
        yield from self._values("SELECT attempt_at IS NOT NULL FROM clusters")
        yield from self._values("SELECT id FROM requests ORDER BY id")
        for row in self._rows(f"SELECT payload, due_at {_SESSION_ENDS}"):
            end = json.loads(row["payload"])
            yield _as_moment(row["due_at"])
            yield from (end["is_last"], end["closed"], len(end["pending"]))

    def has_session_ends(self) -> bool:
        """Tell whether sessions are still to be looked for somewhere, for the first time."""
        return any(
            not json.loads(payload)["is_last"]
            for payload in self._values(f"SELECT payload {_SESSION_ENDS}")
        )

    def audit_rows(self, after: int) -> list[dict[str, Any]]:
        """Return the audit's rows from behind number *after* on."""
        return list(self._rows(f"SELECT * FROM audit WHERE id > {after} ORDER BY id"))  # noqa: S608

    def audit_length(self) -> int:
        """Return how many rows the audit has."""
        return int(next(self._values("SELECT coalesce(max(id), 0) FROM audit")))

    def _values(self, query: str) -> Iterator[Any]:
        for row in self._rows(query):
            yield from row.values()

    def _rows(self, query: str) -> Iterator[dict[str, Any]]:
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(query)
            names = [one[0] for one in cursor.description]
            for row in cursor.fetchall():
                yield dict(zip(names, row, strict=True))

    @cached_property
    def _connection(self) -> Connection:
        connection = self.database.engine.raw_connection()
        found = connection.driver_connection
        connection.close()
        assert isinstance(found, Connection)
        return found


@cache
def _migrated() -> bytes:
    database = Database("sqlite:///:memory:")
    schema.upgrade(database)
    with closing(database.engine.raw_connection()) as connection:
        assert isinstance(connection.driver_connection, Connection)
        return connection.driver_connection.serialize()


def _as_moment(value: Any) -> Any:
    if isinstance(value, str) and value[4:5] == "-" and value[10:11] == " ":
        return _moment(value)
    return value


def _moment(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)
