"""Entries: the audit's rows as they are read, with what is still there of their personal fields."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain.audit_actions import ACTOR
from bot.domain.audit_link import SEALED
from bot.domain.erasure import ERASED
from bot.domain.personal_fields import Sealed, sealed


@dataclass(frozen=True)
class Entry:
    """One row of the audit. `actor` is `ERASED`, if that is; `detail` is without what is erased.

    `erased` names the particulars that are, and the actor.
    """

    id: int
    at: datetime
    action: str
    actor: str
    cluster: str
    request_id: int | None
    detail: dict[str, Any]
    digest: str
    erased: frozenset[str] = frozenset()

    def shown(self, particular: str) -> str:
        """Return a particular as text; empty if the row has none of that name."""
        return ERASED if particular in self.erased else str(self.detail.get(particular, ""))

    def names(self, person: str) -> bool:
        """Tell whether somebody did this, or is named in it."""
        return person == self.actor or person in _texts(self.detail)


def entry(row: Any) -> Entry:
    """Return a row as it is read, be it an `AuditRow` or one of a query of its columns."""
    personal = sealed_of(row)
    values = personal.values if personal else {}
    erased = personal.erased if personal else frozenset()
    acting = values.pop(ACTOR, ERASED if ACTOR in erased else row.actor)
    return Entry(
        id=row.id or 0,
        at=row.at,
        action=row.action,
        actor=acting,
        cluster=row.cluster,
        request_id=row.request_id,
        detail={**row.detail, **values},
        digest=row.digest,
        erased=erased,
    )


def sealed_of(row: Any) -> Sealed | None:
    """Return a row's personal fields; None for one of a format that does not keep them apart."""
    return sealed(row.commitments, row.personal) if row.format == SEALED else None


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)
