"""Every refusal there is, with values as they may be: for tests that walk them all."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.refusals.base import Refusal

KINDS: tuple[type[Refusal], ...] = get_args(AnyRefusal)

_VALUES: dict[str, Any] = {
    "addresses": 1024,
    "address": "203.0.113.77",
    "access": 17,
    "again_at": datetime(2026, 11, 25, 22, 0, tzinfo=UTC),
    "ask": ("U0ALICE", "S0DBADMINS"),
    "asked": timedelta(hours=3),
    "channel": "C0APPROVALS",
    "characters": 1234,
    "cluster": "orders",
    "what": "access",
    "command": "revoke",
    "counting": 1,
    "could_end": ((17, "U0BOB"),),
    "count": 5,
    "duration": timedelta(hours=2),
    "end": "18:00",
    "example": "droplet:ID",
    "first": 12,
    "first_live": 17,
    "first_pending": None,
    "for_another": False,
    "is_same": True,
    "known": ("orders", "billing"),
    "left": timedelta(minutes=30),
    "live": 9,
    "machine": "github:repo:acme/shop:ref:refs/heads/main",
    "longest": timedelta(hours=2),
    "more": timedelta(hours=1),
    "most": 10,
    "nearest": None,
    "needed": 2,
    "network": "203.0.113.64/28",
    "now": "19:05",
    "number": 17,
    "others": 1,
    "pending": 1,
    "put_back_as": 21,
    "range": "private",
    "reference": "4f1c2a9b",
    "revoked": 19,
    "said": "what DigitalOcean said",
    "seconds": 30,
    "serves": timedelta(minutes=10),
    "shortest": timedelta(minutes=1),
    "source": "203.0.113.4",
    "state": "approved",
    "taken": ("ip_addr", "droplet"),
    "type": "k8s",
    "typed": "something typed",
    "waiting": 18,
    "widest": 24,
}
_OTHERWISE: dict[str, dict[str, Any]] = {  # what the second sentence of a case depends on
    "asked_already": {"is_same": False},
    "decided_already": {"state": "lapsed"},
    "full_cluster": {"reserved": 2},
    "full_for_emergency": {"could_end": ()},
    "granted_already": {"more": None},
    "no_usable_answer": {"status": 500},
    "is_url": {"address": None},
    "no_such_cluster": {"nearest": "orders"},
    "no_such_request": {"is_own": True},
    "not_looked_up": {"status": 500},
    "not_public": {"range": "shared"},
    "not_to_withdraw": {"access": None},
    "number_missing": {"command": "cancel"},
    "reason_required": {"cluster": "orders"},
    "too_few_approvals": {"needed": 1, "counting": 0},
    "too_few_approvers": {"for_another": True},
    "too_many_grants": {"live": 0, "pending": 10, "first_live": None, "first_pending": 12},
    "too_many_requests": {"count": 1},
    "too_wide": {"widest": None},
    "not_a_uuid": {"type": "app"},
    "unknown_command": {"nearest": "revoke"},
}


def _examples() -> Iterator[AnyRefusal]:
    for kind in KINDS:
        required = [name for name, one in kind.model_fields.items() if one.is_required()]
        values = {name: _VALUES[name] for name in required}
        code = kind.model_fields["code"].default
        for changed in ({}, _OTHERWISE[code]) if code in _OTHERWISE else ({},):
            yield kind.model_validate(values | changed)  # type: ignore[misc]


EVERY_REFUSAL: tuple[AnyRefusal, ...] = tuple(_examples())
