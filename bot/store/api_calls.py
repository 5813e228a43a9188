"""Calls of the provider's API that several processes make with one token, as each writes them down.

A process only ever writes its own rows, so that none waits for another, however long that stands
still.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import case, delete, func
from sqlalchemy import select as sql_select
from sqlmodel import col

from bot.store.database import Database, insert_into
from bot.store.due import LENIENCE
from bot.store.failures import DATABASE_UNAVAILABLE
from bot.store.tables import ApiCallRow

_BUCKET_SECONDS = 10
_KEPT = timedelta(hours=1, seconds=_BUCKET_SECONDS)


class CallLedger:
    """Writes down the calls of this process, and reads those of the others. Thread-safe.

    While the database cannot be used, nothing is written, and the others count as none.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._process = secrets.token_hex(16)
        self._lock = Lock()
        self._written_at: datetime | None = None

    def note(self, purpose: str, at: datetime) -> None:
        """Write down that this process makes a call now."""
        began_at = _bucket(at)
        row = {"process": self._process, "purpose": purpose, "began_at": began_at, "count": 1}
        try:
            with self._database.transaction() as session:
                insert = insert_into(session, ApiCallRow).values(row)
                session.execute(
                    insert.on_conflict_do_update(
                        index_elements=["process", "purpose", "began_at"],
                        set_={"count": col(ApiCallRow.count) + 1},
                    )
                )
                if self._is_new(began_at):
                    mine = col(ApiCallRow.process) == self._process
                    old = col(ApiCallRow.began_at) < at - _KEPT
                    session.execute(delete(ApiCallRow).where(mine, old))
        except DATABASE_UNAVAILABLE:
            return

    def of_others(self, now: datetime, lengths: tuple[timedelta, ...]) -> list[Mapping[str, int]]:
        """Return how many calls other processes made by purpose, in the last *lengths* of time.

        Calls are written down by tens of seconds, so a few that are older may count.
        """
        began_at, count = col(ApiCallRow.began_at), col(ApiCallRow.count)
        starts = [_bucket(now - length) for length in lengths]
        sums = [func.sum(case((began_at >= start, count), else_=0)) for start in starts]
        query = (
            sql_select(col(ApiCallRow.purpose))
            .add_columns(*sums)
            .where(
                col(ApiCallRow.process) != self._process,
                began_at >= min(starts),
                began_at <= now + LENIENCE,
            )
            .group_by(col(ApiCallRow.purpose))
        )
        try:
            with self._database.reading() as session:
                found = session.execute(query).all()
        except DATABASE_UNAVAILABLE:
            return [{} for _ in lengths]
        return [
            {purpose: calls[place] for purpose, *calls in found if calls[place]}
            for place, _ in enumerate(lengths)
        ]

    def _is_new(self, began_at: datetime) -> bool:
        with self._lock:
            is_new = began_at != self._written_at
            self._written_at = began_at
        return is_new


def _bucket(at: datetime) -> datetime:
    return at - timedelta(seconds=at.timestamp() % _BUCKET_SECONDS)
