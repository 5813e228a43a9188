"""What no source tells of DigitalOcean's lists of rules: the sandbox can do it either way."""

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
    """How the API treats what is written; set its fields at any time, for the writes from then on.

    The defaults are the plainest reading of the specification. "The
    list" is what a cluster has before the write.
    """

    descriptions: Literal["kept", "cut", "escaped", "dropped"] = "kept"
    """Kept to the letter; cut to `description_length`; with HTML entities; or not stored."""
    description_length: int = 30
    """How many characters of a description stay where they are cut."""
    uuids: Literal["kept", "new", "taken"] = "kept"
    """Kept where a rule names one of the list; new at each write, and `created_at` with them; or
    taken as named, so that a rule that was removed comes back by its old one."""
    created_at: Literal["kept", "new"] = "kept"
    """Kept with the uuid, or the time of the last write for every rule."""
    addresses: Literal["kept", "with_prefix", "without_prefix"] = "kept"
    """How a single address comes back: as it was written, or always (or never) with its `/32`."""
    letters: Literal["kept", "lower"] = "kept"
    """Whether tags, and UUIDs that are values, come back in lower case."""
    duplicates: Literal["refused", "first", "last"] = "refused"
    """Of two rules for one source: the write is refused, or one of them is kept in silence."""
    max_rules: int = MAX_RULES
    """How many rules a list may have."""
    stale_seconds: float = 0.0
    """For how long after a write, by the sandbox's clock, reads show the list before it."""
    stale_reads: int = 0
    """How many reads after a write show the list before it."""

    def description(self, text: str | None) -> str | None:
        """What is stored of a description; what is escaped already is not escaped again."""
        if text is None or self.descriptions == "dropped":
            return None
        if self.descriptions == "cut":
            return text[: self.description_length]
        if self.descriptions == "escaped":
            return html.escape(html.unescape(text)).translate(_MORE_ENTITIES)
        return text

    def uuid(self, named: str, *, is_listed: bool) -> str:
        """The uuid of a rule that names `named`, or nothing."""
        if self.uuids != "new" and is_listed:
            return named
        return named if self.uuids == "taken" and is_uuid(named) else str(uuid4())

    @property
    def keeps_age(self) -> bool:
        """Whether a rule that was in the list keeps its `created_at`."""
        return self.uuids != "new" and self.created_at == "kept"

    def value(self, kind: str, value: str) -> str:
        """A well-formed value as it comes back."""
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
    """Whether it is a UUID in its usual spelling, in either case."""
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False
