"""Events: rows of the audit as CloudEvents 1.0, each with its place in the chain.

A receiver can derive from `data` what the row's digest covers, and so recompute it: see
docs/stream.md.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.store.audit_entries import entry, sealed_of
from bot.store.tables import AuditRow

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
_DIGITS = 16  # of a digest, in an event's id


@dataclass(frozen=True)
class Event:
    """An event as it is sent. `id` is the same whenever it is sent, and in no other database."""

    id: str
    body: bytes


def event_of(row: AuditRow, previous: str, instance: str) -> Event:
    """Return the event for a row.

    Args:
        row: as it was sealed.
        previous: the digest of the row before.
        instance: the name of this installation.
    """
    return _event(
        instance,
        f"{row.id}-{row.digest[:_DIGITS]}",
        kind=str(row.action),
        subject=_subject(row),
        at=row.at,
        data=_data(row, previous),
    )


def ping(instance: str, at: datetime) -> Event:
    """Return an event that stands for no row, to see whether the receiver takes any."""
    return _event(instance, f"ping-{at:%Y%m%d%H%M%S%f}", kind="stream.ping", at=at, data={})


def _event(
    instance: str,
    suffix: str,
    *,
    kind: str,
    at: datetime,
    data: Mapping[str, Any],
    subject: str = "",
) -> Event:
    identity = f"{instance}-{suffix}"
    attributes = {
        "specversion": "1.0",
        "id": identity,
        "source": f"/dbaccess/{instance}",
        "type": f"dbaccess.{kind}",
        "time": at.astimezone(UTC).isoformat(),
        "datacontenttype": "application/json",
        **({"subject": subject} if subject else {}),
        "data": data,
    }
    return Event(identity, json.dumps(attributes, separators=(",", ":")).encode())


def _subject(row: AuditRow) -> str:
    return "/".join(str(part) for part in (row.cluster, row.request_id) if part)


def _data(row: AuditRow, previous: str) -> dict[str, Any]:
    one, sealed = entry(row), sealed_of(row)
    return {
        "number": row.id,
        "at": row.at.astimezone(UTC).isoformat(),
        "action": row.action,
        "actor": one.actor,
        "cluster": row.cluster,
        "request_id": row.request_id,
        "detail": one.detail,
        "erased": sorted(one.erased),
        "format": row.format,
        "commitments": row.commitments or {},
        "salts": sealed.salts if sealed else {},
        "previous": previous,
        "digest": row.digest,
        "key": row.key,
    }
