"""A chain of rows: each carries a digest of itself and of the one before, so that a change shows.

Whoever can write to the database can recompute plain digests, but not those made with a key that is
kept elsewhere. That the newest rows are missing, or that all were replaced, shows only by a digest
that was noted elsewhere: an anchor.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from bot.domain.canonical_json import encode

GENESIS = "0" * 64  # what the first row is chained to


@dataclass(frozen=True)
class Keyring:
    """The keys that digests are made with: the first one signs new rows, all of them verify."""

    keys: tuple[bytes, ...] = field(default=(), repr=False)

    @cached_property
    def by_name(self) -> dict[str, bytes]:
        """The keys by their names, the current one first."""
        return {name_of_key(key): key for key in self.keys}

    @cached_property
    def current(self) -> str:
        """The name of the key for new rows; empty where there is none."""
        return next(iter(self.by_name), "")


NO_KEYS = Keyring()


@dataclass(frozen=True)
class Anchor:
    """A row's number and digest, kept where the database's owner cannot change it."""

    number: int
    digest: str

    def __str__(self) -> str:
        """Return it as it is posted, logged and typed."""
        return f"{self.number}:{self.digest}"


def parse_anchor(text: str) -> Anchor:
    """Return the anchor that somebody typed.

    Raises:
        ValueError: it is not one.
    """
    number, _, digest = text.strip().lower().partition(":")
    if not number.isdecimal() or int(number) < 1 or len(digest) != len(GENESIS):
        raise ValueError("not an anchor")
    bytes.fromhex(digest)
    return Anchor(int(number), digest)


@dataclass(frozen=True)
class Stretch:
    """Consecutive rows with the same key; its name is empty for plain digests."""

    first: int
    last: int
    key: str


@dataclass(frozen=True)
class Verdict:
    """What the verification of a whole chain found.

    `broken_at` is the number of the first row whose number or digest is wrong, if any. `head` is
    the digest of the last row before it. `keys` names the keys that were at hand, the current one
    first. `missing` are the anchors that the chain should contain and does not; `untold` is a
    request without a row. `accepted` are rows that somebody has accepted as unsigned, or signed
    with a lost key. `erased` is how many rows have erased personal fields, and `unrecorded` names
    those that are later than the last erasure on record, `erased_before`.
    """

    count: int
    head: str
    broken_at: int | None = None
    stretches: tuple[Stretch, ...] = ()
    keys: tuple[str, ...] = ()
    missing: tuple[Anchor, ...] = ()
    untold: int | None = None
    accepted: tuple[range, ...] = ()
    erased: int = 0
    erased_before: datetime | None = None
    unrecorded: tuple[range, ...] = ()

    @property
    def unchecked(self) -> tuple[Stretch, ...]:
        """Rows whose key is not at hand, so that a change of them would not show."""
        return tuple(one for one in self.stretches if self._is_foreign(one) and self._asks(one))

    @property
    def weakened(self) -> tuple[Stretch, ...]:
        """Unsigned rows, or rows with an older key, after rows with a newer one."""
        found, best = [], len(self.keys)
        for one in self.stretches:
            if self._is_foreign(one):
                continue
            rank = self.keys.index(one.key) if one.key else len(self.keys)
            if rank > best and self._asks(one):
                found.append(one)
            best = min(best, rank)
        return tuple(found)

    @property
    def ends_unsigned(self) -> bool:
        """Whether a key is at hand that the newest row does not carry."""
        newest = self.stretches[-1] if self.stretches else None
        return bool(self.keys and newest and newest.key != self.keys[0] and self._asks(newest))

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong, as far as the keys and anchors at hand can tell."""
        return not (
            self.broken_at is not None
            or self.missing
            or self.untold is not None
            or self.unchecked
            or self.weakened
            or self.ends_unsigned
            or self.unrecorded
        )

    def _is_foreign(self, stretch: Stretch) -> bool:
        return bool(stretch.key) and stretch.key not in self.keys

    def _asks(self, stretch: Stretch) -> bool:
        """Tell whether a stretch still asks for an explanation."""
        return not any(stretch.first in one and stretch.last in one for one in self.accepted)


def name_of_key(key: bytes) -> str:
    """Return the name of a key beside its digests, from which nobody can derive the key."""
    return hmac.digest(key, b"dbaccess audit key", "sha256").hex()[:8]


def digest_of(before: str, facts: Mapping[str, Any], key: bytes | None = None) -> str:
    """Return the digest of a row: 64 hexadecimal digits, SHA-256, or HMAC-SHA256 with a key.

    Args:
        before: the digest of the row before.
        facts: plain JSON values.
        key: kept out of reach of the database's owner.
    """
    return digest_of_text(before, encode(facts), key)


def digest_of_text(before: str, facts: str, key: bytes | None = None) -> str:
    """Return the same from the facts as JSON in its one form."""
    said = f"{before}\n{facts}".encode()
    if key is None:
        return hashlib.sha256(said).hexdigest()
    return hmac.digest(key, said, "sha256").hex()
