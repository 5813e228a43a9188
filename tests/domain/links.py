"""Rows of an audit as the database holds them."""

import json
from datetime import UTC, datetime
from typing import Any

from bot.domain.audit_chain import digest_of, name_of_key
from bot.domain.audit_link import Link, covered
from bot.domain.canonical_json import encode
from bot.domain.personal_fields import Sealed, seal

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def link(
    number: int,
    before: str,
    *,
    key: bytes | None = None,
    at: datetime = NOON,
    action: str = "made",
    actor: str = "",
    detail: Any = None,
    personal: dict[str, Any] | None = None,
) -> Link:
    """Return a row as it is written behind the one with the digest *before*."""
    sealed = seal(personal or {})
    one = Link(
        number,
        f"{at:%Y-%m-%d %H:%M:%S.%f}",
        action,
        actor,
        cluster="orders",
        request_id=7,
        detail=encode(detail or {}),
        digest="",
        key=name_of_key(key) if key else "",
        commitments=encode(sealed.commitments),
        personal=encode(sealed.fields) if sealed.fields else None,
    )
    return one._replace(digest=digest_after(before, one, key))


def digest_after(before: str, one: Link, key: bytes | None = None) -> str:
    """Return the digest of a row by the rule: of what its texts say, however they are written."""
    return digest_of(before, facts_of(one), key)


def facts_of(one: Link) -> dict[str, Any]:
    return covered(
        at=datetime.fromisoformat(one.at).replace(tzinfo=UTC),
        action=one.action,
        actor=one.actor,
        cluster=one.cluster,
        request_id=one.request_id,
        detail=json.loads(one.detail),
        form=one.format,
        commitments=json.loads(one.commitments or "null"),
    )


def fields_of(one: Link) -> Sealed:
    """Return the personal fields, which the row has."""
    assert one.sealed is not None
    return one.sealed


def with_fields(one: Link, commitments: Any, fields: Any) -> Link:
    """Return a row with other personal fields, and its digest as it was."""
    personal = None if fields is None else encode(fields)
    return one._replace(commitments=encode(commitments), personal=personal)
