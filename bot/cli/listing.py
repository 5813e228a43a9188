"""Grants, and times, as data: what `grants --json` prints."""

import json
from collections.abc import Iterable
from datetime import datetime

from bot.domain.lifecycle import Grant


def grants_json(found: Iterable[Grant]) -> str:
    """Return one array of objects; times are ISO 8601, UTC."""
    return json.dumps([_as_dict(grant) for grant in found], indent=2)


def _as_dict(grant: Grant) -> dict[str, object]:
    return {
        "id": grant.id,
        "cluster": grant.cluster,
        "cluster_id": grant.cluster_id,
        "source_type": grant.source.type,
        "source_value": grant.source.value,
        "requester": grant.requester,
        "state": grant.state,
        "end_reason": grant.end_reason,
        "approved_at": _time(grant.approved_at),
        "expires_at": _time(grant.expires_at),
        "ended_at": _time(grant.ended_at),
        "owned": grant.owned,
        "adopted": grant.adopted,
        "unused": grant.unused,
    }


def utc_time(at: datetime) -> str:
    """Return a time as data has it: ISO 8601, UTC, to the second."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _time(at: datetime | None) -> str | None:
    return utc_time(at) if at else None
