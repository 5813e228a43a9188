"""What is not documented about DigitalOcean's firewalls: the sandbox can do it either way."""

from __future__ import annotations

import html
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal
from uuid import UUID, uuid4

MAX_RULES = 100
_MORE_ENTITIES = str.maketrans({"/": "&#x2F;", "`": "&#x60;", "=": "&#x3D;"})


@dataclass(slots=True)
class Behaviour:
    """How the API treats what is written. Set the fields at any time; they apply to later calls.

    The defaults are the plainest reading of the specification. "The list" is the cluster's rules
    before the write.
    """

    descriptions: Literal["kept", "cut", "escaped", "dropped"] = "kept"
    """Unchanged; cut to `description_length`; with HTML entities; or not stored."""
    description_length: int = 30
    """The length to which descriptions are cut."""
    uuids: Literal["kept", "new", "taken"] = "kept"
    """Kept if a rule has one of the list; new at each write, `created_at` too; or taken as sent, so
    that a removed rule can come back with its old one."""
    created_at: Literal["kept", "new"] = "kept"
    """Kept with the uuid, or set to the time of the write for every rule."""
    addresses: Literal["kept", "with_prefix", "without_prefix"] = "kept"
    """How a single address comes back: as it was sent, always with `/32`, or always without."""
    letters: Literal["kept", "lower"] = "kept"
    """Whether the values of tags, Kubernetes clusters and apps come back in lower case."""
    duplicates: Literal["refused", "first", "last"] = "refused"
    """With two rules for one source: the write is refused, or one is silently kept."""
    max_rules: int = MAX_RULES
    """How many rules a list may have."""
    stale_seconds: float = 0.0
    """For how long after a write reads still show the list, by the sandbox's clock."""
    stale_reads: int = 0
    """How many reads after a write still show the list."""

    def description(self, text: str | None) -> str | None:
        """Return a description as it is stored; what is escaped is not escaped again."""
        if text is None or self.descriptions == "dropped":
            return None
        if self.descriptions == "cut":
            return text[: self.description_length]
        if self.descriptions == "escaped":
            return html.escape(html.unescape(text)).translate(_MORE_ENTITIES)
        return text

    def uuid(self, named: str, *, is_listed: bool) -> str:
        """Return the uuid of a rule that was sent with `named` (maybe empty)."""
        if self.uuids != "new" and is_listed:
            return named
        return named if self.uuids == "taken" and is_uuid(named) else str(uuid4())

    @property
    def keeps_age(self) -> bool:
        """Whether a rule that was in the list keeps its `created_at`."""
        return self.uuids != "new" and self.created_at == "kept"

    def value(self, kind: str, value: str) -> str:
        """Return a valid value as it comes back."""
        if kind == "ip_addr":
            return self._address(value)
        if kind in {"tag", "k8s", "app"} and self.letters == "lower":
            return value.lower()
        return value

    def _address(self, value: str) -> str:
        if self.addresses == "with_prefix":
            return str(IPv4Network(value))
        return value.removesuffix("/32") if self.addresses == "without_prefix" else value


def is_uuid(value: str) -> bool:
    """Return whether it is a UUID in its usual form, in upper or lower case."""
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False
