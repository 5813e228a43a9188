"""The rules of a database cluster's firewall, which a write replaces all at once."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network
from typing import Any
from uuid import uuid4

from dbaccess_playground.digitalocean.behaviour import Behaviour, is_uuid

FIELDS = frozenset({"uuid", "cluster_uuid", "type", "value", "created_at", "description"})
MAX_TAG_LENGTH = 255
TAG_NAME = re.compile(r"[a-zA-Z0-9_:-]+")

RuleJson = dict[str, Any]


class InvalidRulesError(ValueError):
    """The API refuses a list of rules with 422 and this message."""


@dataclass(frozen=True)
class Rule:
    """One trusted source of a cluster; `created_at` is in the API's format.

    `more` has fields that are not in today's specification.
    """

    uuid: str
    cluster_uuid: str
    type: str
    value: str
    created_at: str
    description: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def source(self) -> str:
        """The trusted source as `type:value`."""
        return f"{self.type}:{self.value}"

    def as_json(self) -> RuleJson:
        """Return the rule as the API shows it; without a description there is no such key."""
        shown = {
            "uuid": self.uuid,
            "cluster_uuid": self.cluster_uuid,
            "type": self.type,
            "value": self.value,
            "created_at": self.created_at,
        }
        if self.description is not None:
            shown["description"] = self.description
        return shown | dict(self.more)


def replace(
    rules: Sequence[Rule],
    wanted: object,
    *,
    cluster_uuid: str,
    now: datetime,
    behaviour: Behaviour | None = None,
    more_fields: Collection[str] = (),
) -> tuple[Rule, ...]:
    """Return the rules of a cluster after `wanted`, from a request's body, replaces `rules`.

    By default (see `behaviour`) a rule with the uuid of an existing one keeps uuid and
    `created_at`. Any other is new, even if its source was trusted before. A description that is
    not sent is removed, and so are `more_fields`, which are not in today's specification.
    Read-only fields are ignored. A rule of an unknown type is accepted only if it exists already.

    Raises:
        InvalidRulesError: nothing is replaced.
    """
    behaviour = behaviour or Behaviour()
    if not isinstance(wanted, list):
        raise InvalidRulesError("rules must be a list of firewall rules")
    if len(wanted) > behaviour.max_rules:
        most = behaviour.max_rules
        raise InvalidRulesError(f"a database cluster can have at most {most} firewall rules")
    write = _Write(rules, cluster_uuid, now, behaviour, more_fields)
    return _each_once([write.rule(entry) for entry in wanted], behaviour)


def planted(
    rules: Sequence[Rule], planted: Mapping[str, Any], *, cluster_uuid: str, now: datetime
) -> tuple[Rule, ...]:
    """Return the rules with one more, of any type and with any fields.

    If there is a rule for the same source, it gets the fields instead.
    """
    more = {key: value for key, value in planted.items() if key not in FIELDS}
    rule = Rule(
        uuid=str(uuid4()),
        cluster_uuid=cluster_uuid,
        type=planted["type"],
        value=planted["value"],
        created_at=api_time(now),
        description=planted.get("description"),
        more=more,
    )
    if all(rule.source != other.source for other in rules):
        return (*rules, rule)
    return tuple(
        dataclasses.replace(
            other,
            description=planted.get("description", other.description),
            more={**other.more, **more},
        )
        if other.source == rule.source
        else other
        for other in rules
    )


def api_time(moment: datetime) -> str:
    """Return an aware UTC time in the API's format: `2019-01-11T18:37:36Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class _Write:
    def __init__(
        self,
        existing: Sequence[Rule],
        cluster_uuid: str,
        now: datetime,
        behaviour: Behaviour,
        more_fields: Collection[str],
    ) -> None:
        self._existing = {rule.uuid: rule for rule in existing}
        self._standing = {(rule.type, rule.value) for rule in existing}
        self._cluster_uuid = cluster_uuid
        self._now = now
        self._behaviour = behaviour
        self._more_fields = more_fields

    def rule(self, entry: object) -> Rule:
        if not isinstance(entry, dict):
            raise InvalidRulesError("each firewall rule must be an object")
        kind, value = _text(entry, "type"), _text(entry, "value")
        if not kind:
            raise InvalidRulesError("firewall rule type is required")
        if not value:
            raise InvalidRulesError("firewall rule value is required")
        if (kind, value) not in self._standing:  # an existing rule may be of an unknown type
            _check_source(kind, value)
        named = _text(entry, "uuid") or ""
        before = self._existing.get(named)
        keeps_age = before is not None and self._behaviour.keeps_age
        return Rule(
            uuid=self._behaviour.uuid(named, is_listed=before is not None),
            cluster_uuid=self._cluster_uuid,
            type=kind,
            value=self._behaviour.value(kind, value),
            created_at=before.created_at if before and keeps_age else api_time(self._now),
            description=self._behaviour.description(_text(entry, "description")),
            more={key: entry[key] for key in self._more_fields if key in entry},
        )


def _each_once(rules: list[Rule], behaviour: Behaviour) -> tuple[Rule, ...]:
    by_source: dict[str, Rule] = {}
    uuids: set[str] = set()
    for rule in rules:
        if behaviour.duplicates == "refused" and rule.source in by_source:
            raise InvalidRulesError(f"duplicate firewall rule: {rule.source}")
        if behaviour.duplicates == "first":
            by_source.setdefault(rule.source, rule)
        else:
            by_source[rule.source] = rule
    for rule in by_source.values():
        if rule.uuid in uuids:
            raise InvalidRulesError(f"duplicate firewall rule uuid: {rule.uuid}")
        uuids.add(rule.uuid)
    return tuple(by_source.values())


def _text(entry: RuleJson, key: str) -> str | None:
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
            if not is_uuid(value):
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
