"""A chain of rows: each carries a digest of itself and of the one before, so that a change shows.

Whoever can write to the database can compute plain digests anew. With a key that lies elsewhere
they cannot. That the newest rows are missing, or that all of them were replaced, shows only to
whoever noted a digest elsewhere: an anchor.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

GENESIS = "0" * 64  # what the first row is chained to
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


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
class Link:
    """One row of the chain: its number, what it says, its digest, and the name of its key."""

    number: int
    facts: Mapping[str, Any]
    digest: str
    key: str = ""


@dataclass(frozen=True)
class Anchor:
    """A row's number and digest, noted where the database's owner cannot change it."""

    number: int
    digest: str

    def __str__(self) -> str:
        """Return it as it is posted, logged and typed."""
        return f"{self.number}:{self.digest}"


def parse_anchor(text: str) -> Anchor:
    """Return the anchor that somebody typed.

    Raises:
        ValueError: it is none.
    """
    number, _, digest = text.strip().lower().partition(":")
    if not number.isdecimal() or int(number) < 1 or len(digest) != len(GENESIS):
        raise ValueError("not an anchor")
    bytes.fromhex(digest)
    return Anchor(int(number), digest)


@dataclass(frozen=True)
class Stretch:
    """Rows in succession that carry the same key's name; empty for plain digests."""

    first: int
    last: int
    key: str


@dataclass(frozen=True)
class Verdict:
    """What the verification of a whole chain found.

    `broken_at` is the number of the first row whose number or digest does not follow from what
    stands there; None where there is none. `head` is the digest of the last row before it. `keys`
    names the keys that were at hand, the current one first. `missing` are the anchors that the
    chain should contain and does not; `untold` is a request that no row tells of. `accepted` are
    rows of which somebody knows why they carry no key, or a lost one.
    """

    count: int
    head: str
    broken_at: int | None = None
    stretches: tuple[Stretch, ...] = ()
    keys: tuple[str, ...] = ()
    missing: tuple[Anchor, ...] = ()
    untold: int | None = None
    accepted: tuple[range, ...] = ()

    @property
    def unchecked(self) -> tuple[Stretch, ...]:
        """Rows whose key is not at hand: whether they were changed cannot be told."""
        return tuple(one for one in self.stretches if self._is_foreign(one) and self._asks(one))

    @property
    def weakened(self) -> tuple[Stretch, ...]:
        """Rows without a key, or with an older one, behind rows that carry a newer one."""
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
        )

    def _is_foreign(self, stretch: Stretch) -> bool:
        return bool(stretch.key) and stretch.key not in self.keys

    def _asks(self, stretch: Stretch) -> bool:
        """Tell whether a stretch still asks for an explanation."""
        return not any(stretch.first in one and stretch.last in one for one in self.accepted)


def name_of_key(key: bytes) -> str:
    """Return what a key is called beside the digests that it made; nobody finds it by that."""
    return hmac.digest(key, b"dbaccess audit key", "sha256").hex()[:8]


def digest_of(before: str, facts: Mapping[str, Any], key: bytes | None = None) -> str:
    """Return the digest of a row: 64 hexadecimal digits, SHA-256, or HMAC-SHA256 with a key.

    Args:
        before: the digest of the row before.
        facts: plain JSON values.
        key: what whoever owns the database does not have.
    """
    said = f"{before}\n{_encode(facts)}".encode()
    if key is None:
        return hashlib.sha256(said).hexdigest()
    return hmac.digest(key, said, "sha256").hex()


def verify(
    links: Iterable[Link],
    keyring: Keyring = NO_KEYS,
    *,
    expected: Iterable[Anchor] = (),
    accepted: Iterable[range] = (),
) -> Verdict:
    """Follow a chain from row 1, without a gap, to the first row that is broken.

    Args:
        links: the rows, read one by one.
        keyring: rows of other keys are followed, but not checked.
        expected: anchors that the chain must contain.
        accepted: rows that may carry no key, or one that is lost; their digests are checked all
            the same, where that is possible.
    """
    keys = keyring.by_name
    open_anchors: dict[int, list[Anchor]] = {}
    for anchor in expected:
        open_anchors.setdefault(anchor.number, []).append(anchor)
    missing: list[Anchor] = []
    runs: list[Stretch] = []
    count, head, first, named = 0, GENESIS, 1, None
    broken_at = None
    for link in links:
        known = keys.get(link.key) if link.key else None
        is_checked = known is not None or not link.key
        if link.number != count + 1 or (
            is_checked and link.digest != digest_of(head, link.facts, known)
        ):
            broken_at = link.number
            break
        if link.key != named:
            if named is not None:
                runs.append(Stretch(first, count, named))
            first, named = link.number, link.key
        count, head = link.number, link.digest
        if count in open_anchors:
            missing += (one for one in open_anchors.pop(count) if one.digest != head)
    if named is not None:
        runs.append(Stretch(first, count, named))
    if broken_at is None:  # what stands behind a broken row says nothing
        missing += (one for anchors in open_anchors.values() for one in anchors)
    return Verdict(
        count,
        head,
        broken_at,
        stretches=tuple(runs),
        keys=tuple(keys),
        missing=tuple(missing),
        accepted=tuple(accepted),
    )
