"""The rules of a database cluster's firewall, as DigitalOcean keeps them: all replaced at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network
from typing import Any
from uuid import UUID, uuid4

MAX_RULES = 100
MAX_TAG_LENGTH = 255
TAG_NAME = re.compile(r"[a-zA-Z0-9_:-]+")


class InvalidRulesError(ValueError):
    """A list of rules that the API refuses with 422; the message is the sentence it answers."""


@dataclass(frozen=True)
class Rule:
    """One trusted source of a cluster; `created_at` is in the API's notation."""

    uuid: str
    cluster_uuid: str
    type: str
    value: str
    created_at: str
    description: str | None = None

    @property
    def source(self) -> str:
        """The trusted source as `type:value`."""
        return f"{self.type}:{self.value}"

    def as_json(self) -> dict[str, str]:
        """The rule as the API shows it; without a description there is no such key."""
        shown = {
            "uuid": self.uuid,
            "cluster_uuid": self.cluster_uuid,
            "type": self.type,
            "value": self.value,
            "created_at": self.created_at,
        }
        return shown if self.description is None else shown | {"description": self.description}


def replace(
    rules: Sequence[Rule], wanted: object, *, cluster_uuid: str, now: datetime
) -> tuple[Rule, ...]:
    """The rules of a cluster after `wanted`, the `rules` of a request's body, replaced `rules`.

    A wanted rule that names the uuid of an existing one keeps that uuid and its age; any other is
    new, even for a source that was trusted before. Its description is what it carries, so a
    writer that leaves it out removes it. Raises InvalidRulesError, and then nothing is replaced.
    """
    if not isinstance(wanted, list):
        raise InvalidRulesError("rules must be a list of firewall rules")
    if len(wanted) > MAX_RULES:
        raise InvalidRulesError(f"a database cluster can have at most {MAX_RULES} firewall rules")
    existing = {rule.uuid: rule for rule in rules}
    replaced: list[Rule] = []
    for entry in wanted:
        rule = _rule(entry, existing, cluster_uuid=cluster_uuid, now=now)
        if any(rule.source == other.source for other in replaced):
            raise InvalidRulesError(f"duplicate firewall rule: {rule.source}")
        if any(rule.uuid == other.uuid for other in replaced):
            raise InvalidRulesError(f"duplicate firewall rule uuid: {rule.uuid}")
        replaced.append(rule)
    return tuple(replaced)


def api_time(moment: datetime) -> str:
    """An aware UTC time as the API writes it: `2019-01-11T18:37:36Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _rule(entry: object, existing: dict[str, Rule], *, cluster_uuid: str, now: datetime) -> Rule:
    if not isinstance(entry, dict):
        raise InvalidRulesError("each firewall rule must be an object")
    kind, value = _text(entry, "type"), _text(entry, "value")
    if not kind:
        raise InvalidRulesError("firewall rule type is required")
    if not value:
        raise InvalidRulesError("firewall rule value is required")
    _check_source(kind, value)
    before = existing.get(_text(entry, "uuid") or "")
    return Rule(
        uuid=before.uuid if before else str(uuid4()),
        cluster_uuid=cluster_uuid,
        type=kind,
        value=value,
        created_at=before.created_at if before else api_time(now),
        description=_text(entry, "description"),
    )


def _text(entry: dict[str, Any], key: str) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise InvalidRulesError(f"firewall rule {key} must be a string")
    return value


def _check_source(kind: str, value: str) -> None:
    match kind:
        case "ip_addr":
            _check_address(value)
        case "droplet":
            if not (value.isascii() and value.isdigit()):
                raise InvalidRulesError(f"invalid droplet id: {value}")
        case "k8s" | "app":
            if not _is_uuid(value):
                raise InvalidRulesError(f"invalid {kind} id: {value}")
        case "tag":
            if not TAG_NAME.fullmatch(value) or len(value) > MAX_TAG_LENGTH:
                raise InvalidRulesError(f"invalid tag name: {value}")
        case _:
            raise InvalidRulesError(f"invalid firewall rule type: {kind}")


def _check_address(value: str) -> None:
    if ":" in value:
        raise InvalidRulesError(f"IPv6 addresses are not supported: {value}")
    _, slash, prefix = value.partition("/")
    try:
        IPv4Network(value)
        well_written = not slash or str(int(prefix)) == prefix
    except ValueError:
        well_written = False
    if not well_written:
        raise InvalidRulesError(f"invalid IP address or CIDR: {value}")


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False
