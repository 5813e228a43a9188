"""A chain of rows: each carries a digest of itself and of the one before, so that a change shows.

Who can write to the database can change a row, but not without changing every digest behind it.
That the newest rows are missing shows only to who noted a digest elsewhere: each is logged.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64  # what the first row is chained to


@dataclass(frozen=True)
class Link:
    """One row of the chain: its number, what it says, and the digest that it carries."""

    number: int
    facts: Mapping[str, Any]
    digest: str


@dataclass(frozen=True)
class Verdict:
    """What a look at a whole chain found.

    `broken_at` is the number of the first row whose digest does not follow from what stands there;
    None where all is well. `head` is the digest of the last row that is.
    """

    count: int
    head: str
    broken_at: int | None = None


def digest_of(before: str, facts: Mapping[str, Any]) -> str:
    """Return the digest of a row: 64 hexadecimal digits, SHA-256.

    Args:
        before: the digest of the row before.
        facts: plain JSON values.
    """
    said = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{before}\n{said}".encode()).hexdigest()


def verify(links: Iterable[Link]) -> Verdict:
    """Follow a chain from its first row to the first that is broken."""
    count, head = 0, GENESIS
    for link in links:
        if link.digest != digest_of(head, link.facts):
            return Verdict(count, head, broken_at=link.number)
        count, head = count + 1, link.digest
    return Verdict(count, head)
