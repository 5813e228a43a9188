"""Versions of a policy that are put in force while a random scenario goes on."""

from typing import Any

from bench.company import as_toml
from tests.scenarios.world import ALICE, ANALYTICS, BOB, ORDERS, OSCAR, policy

ON_CALL = "S0ONCALL"
LOGIN = "DBACCESS_SESSIONS_ORDERS"


def written(
    *,
    approvers: tuple[str, ...] = (ALICE, BOB),
    clusters: str = "orders analytics",
    **defaults: Any,
) -> dict[str, Any]:
    """Return what a version of the policy says."""
    known: dict[str, dict[str, Any]] = {
        "orders": {
            "id": ORDERS,
            "emergency": {"requesters": [ON_CALL], "max_duration": "30m"},
            "sessions": {"url_env": LOGIN, "idle": "20m"},
        },
        "analytics": {"id": ANALYTICS, "approvals": 2, "on_outside_removal": "restore"},
    }
    defaults = {"request_ttl": "1h", "max_duration": "3h", **defaults}
    return policy(
        {alias: known[alias] for alias in clusters.split()}, approvers=list(approvers), **defaults
    )


USUAL = written()
VERSIONS: dict[str, dict[str, Any]] = {
    "as usual": USUAL,
    "Oscar approves, not Bob": written(approvers=(ALICE, OSCAR)),
    "half an hour at most": written(max_duration="30m"),
    "Rita asks no more": written(requesters=[OSCAR, ALICE]),
    "without analytics": written(clusters="orders"),
}
BROKEN: dict[str, str] = {
    "no TOML": "[[",
    "an empty file": "",
    "an unknown key": as_toml(USUAL | {"colour": "red"}),
    "another instance": as_toml(USUAL | {"instance": "other"}),
}


def approvers_of(version: dict[str, Any]) -> tuple[str, ...]:
    """Return who approves under a version."""
    return tuple(version["defaults"]["approvers"])
