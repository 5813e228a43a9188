"""An audit by the million rows: numbered, sealed and chained as the bot writes them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from bench.company import alias
from bench.seeding import address, person
from bot.domain.actors import Actor
from bot.domain.audit_actions import ACTOR, Action, personal_fields
from bot.domain.audit_chain import GENESIS, digest_of
from bot.domain.audit_link import SEALED, covered
from bot.domain.canonical_json import encode
from bot.domain.personal_fields import seal
from bot.store.database import Database
from dbaccess_playground.demo.company import ALICE

ROWS_OF_A_GRANT = 9  # in the audit, from the request to the end
_AT_ONCE = 1_000  # grants
_BEGINNING = datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)
_BETWEEN = timedelta(seconds=30)
_INSERT = (
    "INSERT INTO audit (id, at, action, actor, cluster, request_id, detail, digest, key, format, "
    "commitments, personal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?)"
)


def add_chain(database: Database, rows: int, *, clusters: int) -> int:
    """Fill an empty audit on SQLite with what grants leave there; return how many rows it has.

    The grants that are added at once are of one person, which saves sealing each field anew.
    """
    digest, number = GENESIS, 0
    for first in count(1, _AT_ONCE):
        batch = []
        left = [_sealed(*row) for row in _left_by(first, alias(first // _AT_ONCE % clusters + 1))]
        for grant in range(first, first + _AT_ONCE):
            for facts, *texts in left:
                number += 1
                at = _BEGINNING + number * _BETWEEN
                facts |= {"at": at.isoformat(), "request_id": grant}
                digest = digest_of(digest, facts)
                said = (facts["action"], facts["actor"], facts["cluster"], grant)
                stored = f"{at:%Y-%m-%d %H:%M:%S.%f}"
                batch.append((number, stored, *said, texts[0], digest, SEALED, *texts[1:]))
        with database.engine.begin() as connection:
            connection.exec_driver_sql(_INSERT, batch)
        if number >= rows:
            break
    return number


def _left_by(number: int, cluster: str) -> Iterator[tuple[Action, str, str, dict[str, Any]]]:
    """Yield what is recorded of a grant, from its request to its end."""
    holder, source, bot = person(number), address(number), Actor.DBACCESS
    about = {"source": source, "requester": holder, "approvers": [ALICE]}
    asked = {"source": source, "duration": "2h", "reason": f"migration of shard {number}"}
    yield Action.REQUESTED, holder, cluster, asked
    yield Action.APPROVED, ALICE, cluster, {}
    yield Action.GRANTED, bot, cluster, about | {"expires_at": _BEGINNING.isoformat()}
    yield Action.RULES_WRITTEN, bot, cluster, {"added": [source], "removed": [], "kept": 9}
    yield Action.APPLIED, bot, cluster, {"owned": True}
    yield Action.WARNED, bot, cluster, {}
    yield Action.ENDING, bot, cluster, {"reason": "expired"}
    yield Action.RULES_WRITTEN, bot, cluster, {"added": [], "removed": [source], "kept": 9}
    yield Action.ENDED, bot, cluster, {"reason": "expired"}


def _sealed(
    action: Action, actor: str, cluster: str, detail: dict[str, Any]
) -> tuple[dict[str, Any], str, str, str | None]:
    """Return what the digest covers, and as they are stored: detail, commitments, personal."""
    personal = personal_fields(action, actor, detail)
    sealed = seal(personal)
    facts = covered(
        at=_BEGINNING,
        action=action,
        actor="" if ACTOR in personal else actor,
        cluster=cluster,
        request_id=None,
        detail={name: value for name, value in detail.items() if name not in personal},
        form=SEALED,
        commitments=sealed.commitments,
    )
    fields = encode(sealed.fields) if sealed.fields else None
    return facts, encode(facts["detail"]), encode(facts["commitments"]), fields
