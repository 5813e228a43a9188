"""Idempotency keys: what a machine was answered, for a day, should it send a request again."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.store.due import LENIENCE
from bot.store.tables import IdempotencyKeyRow

KEPT = timedelta(days=1)


class KeyReused(Exception):
    """The key was used for another request."""


@dataclass(frozen=True)
class Once:
    """A request that counts once: its key, which is the machine's own, and what it asks for."""

    principal: str
    key: str
    request: str

    @property
    def id(self) -> str:
        """By what its row is found; the key itself is kept nowhere."""
        return _digest(f"{self.principal}\n{self.key}")

    @property
    def fingerprint(self) -> str:
        """What tells requests apart."""
        return _digest(self.request)


def answered(session: Session, once: Once, now: datetime) -> dict[str, Any] | None:
    """Return what was answered to the same request; None if it is new.

    Raises:
        KeyReused: the key belongs to another request.
    """
    row = session.get(IdempotencyKeyRow, once.id)
    if row is None or not now - KEPT < row.created_at <= now + LENIENCE:
        return None
    if row.fingerprint != once.fingerprint:
        raise KeyReused
    return row.answer


def keep(session: Session, once: Once, answer: dict[str, Any], now: datetime) -> None:
    """Save what is answered, in the transaction that makes it true."""
    session.merge(
        IdempotencyKeyRow(id=once.id, fingerprint=once.fingerprint, answer=answer, created_at=now)
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()
